"""What a patch changes, as against what it only moves, and the kinds of change it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.changes.candidates.candidates import Candidate
from deep_code_reasoning.changes.diffs.delta import delta_of
from deep_code_reasoning.changes.diffs.kinds import fitting, kinds_of, symptoms_in
from deep_code_reasoning.changes.diffs.words import common_stems, identifiers, stems

REFACTORING = """@@ func (h *Handler) Place(w http.ResponseWriter, r *http.Request) {
-	var req PlaceRequest
-	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
-		http.Error(w, err.Error(), 400)
-		return
-	}
-	writeJSON(w, h.shop.Place(r.Context(), req.CartID))
+	req, err := decodeRequest[PlaceRequest](r)
+	if err != nil {
+		writeError(w, http.StatusBadRequest, err)
+		return
+	}
+	writeJSON(w, h.shop.Place(r.Context(), req.CartID))
"""


def test_what_is_moved_or_wrapped_is_not_changed() -> None:
    delta = delta_of(REFACTORING)
    assert not {"place", "cart"} & delta.net
    assert "place" in delta.touched
    assert not delta.numbers
    assert not kinds_of(delta, ["shop/handler.go"])


@pytest.mark.parametrize(
    ("patch", "name", "before", "after", "shown"),
    [
        ("-c := Timeout(ctx, 5*time.Second)\n+cc := Timeout(ctx, 300*time.Millisecond)", "timeout", 5, 0.3, 300),
        ("-const defaultMaxConns = 50\n+const defaultMaxConns = 10", "defaultmaxconns", 50, 10, 10),
        ("-  max_idle: 30s\n+  max_idle: 5m", "max_idle", 30, 300, 5),
        ("-    TTL_SECONDS: int = 30\n+    TTL_SECONDS: int = 120", "ttl_seconds", 30, 120, 120),
        ("-P{MaxAttempts: 8, BaseDelay: 5 * time.Millisecond}\n+P{MaxAttempts: 2}", "maxattempts", 8, 2, 2),
        ('-  memory: 512Mi\n+  memory: "1Gi"', "memory", 512 * 1024**2, 1024**3, 1),
    ],
)  # fmt: skip
def test_numbers_that_were_replaced(patch: str, name: str, before: float, after: float, shown: float) -> None:
    (replaced,) = delta_of(patch).numbers
    assert (replaced.name, replaced.before, replaced.after) == (name, pytest.approx(before), pytest.approx(after))
    assert shown in replaced.shown
    assert replaced.moved == ("down" if after < before else "up")


@pytest.mark.parametrize(
    "patch",
    [
        '-    LOG_DEBUG(log, "leader {}", term);\n+    LOG_INFO(log, "leader {} of {}", term, node);',
        "-// the pool is shared\n+// the pool is shared by all",
        "-import os\n+import sys",
        '+	prometheus.MustRegister(hits)\n+	logger.Info("up")',
    ],
)
def test_log_lines_comments_and_imports_are_nothing(patch: str) -> None:
    assert delta_of(patch).is_empty
    assert Candidate("a" * 40, "shop", None, 1, 1, "work", ("till/till.go",), patch).is_inert


def test_a_patch_that_is_not_there_is_not_empty() -> None:
    assert not delta_of("").is_empty


@pytest.mark.parametrize(
    ("before", "after", "step"),
    [("1.2.3", "1.2.4", "patch"), ("1.2.3", "1.3.0", "minor"), ("1.2.3", "2.0.0", "major")],
)
def test_the_step_of_a_version_and_the_name_of_the_dependency(before: str, after: str, step: str) -> None:
    delta = delta_of(f"-	example.com/acme/wirecodec v{before}\n+	example.com/acme/wirecodec v{after}")
    assert delta.bump == step
    assert ("wirecodec" in delta.names) == (step != "patch")
    assert not delta.numbers


KINDS = [
    ("-const maxConns = 50\n+const maxConns = 10", "pool exhausted, waited to acquire a connection", "limit-lowered"),
    ("-  timeout: 5s\n+  timeout: 300ms", "context deadline exceeded", "timeout-shortened"),
    ("-	mu sync.Mutex\n-	l.mu.Lock()", "fatal error: concurrent map writes", "lock-removed"),
    ("-	if exp.Add(leeway).Before(now) {\n+	if exp.Before(now) {", "token is expired", "tolerance-removed"),
    (
        '-	Meta string `json:"meta"`\n+	Metadata string `json:"metadata"`',
        "missing required field 'meta'",
        "field-renamed",
    ),
    ('+    rows = db.execute("SELECT id FROM wishes")', 'relation "wishes" does not exist', "query-added"),
    ("-		time.Sleep(delay << i)", "retry budget exhausted", "backoff-removed"),
    ("-	defer rows.Close()", "too many open connections", "release-removed"),
    ("-  ttl: 300s\n+  ttl: 3s", "cache misses, latency p99", "timeout-shortened"),
    ("-  url: http://ledger.shop:80\n+  url: http://ledgr.shop:80", "connection refused", "address-changed"),
    (
        "-	example.com/a/codec v1.2.0\n+	example.com/a/codec v1.4.0",
        "panic: incompatible runtime",
        "dependency-bump",
    ),
    ("-  batch = repo.prefetch(lines)", "db queries per request rose, slow", "query-changed"),
]


@pytest.mark.parametrize(("patch", "symptom", "kind"), KINDS, ids=[kind for *_, kind in KINDS])
def test_a_kind_of_change_fits_its_symptom(patch: str, symptom: str, kind: str) -> None:
    fits = fitting(kinds_of(delta_of(patch), ["app/config.yaml"]), symptoms_in([symptom]))
    assert kind in {one.name for one in fits}


@pytest.mark.parametrize(
    ("patch", "symptom"),
    [
        ("-const maxConns = 10\n+const maxConns = 50", "missing required field 'meta'"),
        ("-	mu sync.Mutex", "certificate has expired"),
        ("-  timeout: 5s\n+  timeout: 300ms", 'relation "wishes" does not exist'),
    ],
)
def test_and_not_another(patch: str, symptom: str) -> None:
    assert not fitting(kinds_of(delta_of(patch), ["app/db.go"]), symptoms_in([symptom]))


def test_stems_join_the_forms_of_a_word_and_leave_out_what_every_program_has() -> None:
    assert stems("ErrTokenExpired") & stems("the token's expiry") == {"token", "expir"}
    assert not stems("the error of a failed request in the service")
    assert stems("ReserveTable") >= {"reser"}
    assert all(len(stem) <= 5 for stem in common_stems())


def test_identifiers_are_names_of_several_parts_and_quoted_ones() -> None:
    assert identifiers("SELECT * FROM catalog_items; getItem; 'meta'; plain") == {"catalog_items", "getitem", "meta"}


@given(st.text(max_size=400))
def test_any_patch_can_be_read(text: str) -> None:
    patch = "\n".join(f"{'+-'[n % 2]}{line}" for n, line in enumerate(text.splitlines()))
    delta = delta_of(patch)
    kinds_of(delta, ["a.py"])
    assert not delta.net & delta.touched
