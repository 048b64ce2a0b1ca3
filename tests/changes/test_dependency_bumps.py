"""One rule reads the manifests of all languages: lines that differ in versions alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.changes.candidates.dependency_bumps import bumps_in, declared_services, own_names, own_versions

OLD, NEW = "a1" * 20, "b2" * 20


@pytest.mark.parametrize(
    ("path", "line", "old", "new", "name"),
    [
        ("go.mod", "\tgithub.com/shop/validation/v2 {}", "v2.1.0", "v2.2.0", "github.com/shop/validation/v2"),
        ("go.mod", "require github.com/shop/validation {} // indirect", "v0.0.0-20260101000000-abcdef123456",
         "v0.0.0-20260201000000-123456abcdef", "github.com/shop/validation"),
        ("web/package.json", '    "@shop/validation": "^{}",', "1.7.0", "1.8.0", "shop/validation"),
        ("package-lock.json", '"resolved": "https://npm.example.com/@shop/validation/-/validation-{}.tgz",', "1.7.0",
         "1.8.0", "shop/validation/-/validation"),
        ("build.gradle.kts", '    implementation("com.shop:shop-validation:{}")', "1.7", "1.8", "shop-validation"),
        ("gradle/libs.versions.toml", 'shop-validation = "{}"', "1.7", "1.8", "shop-validation"),
        ("pom.xml", "<shop-validation.version>{}</shop-validation.version>", "1.7", "1.8", "shop-validation"),
        ("requirements.txt", "shop-validation[redis]>={},<2", "1.7", "1.8", "shop-validation"),
        ("requirements.txt", "shop-validation @ git+https://git.example.com/shop/validation.git@{}", "abc1234",
         "abc1235", "shop-validation"),
        ("pyproject.toml", 'shop-validation = {{ version = "^{}", extras = ["redis"] }}', "1.7", "1.8",
         "shop-validation"),
        ("Cargo.toml", 'shop-validation = "{}"', "1.7.0", "1.8.0-rc.1", "shop-validation"),
        ("Gemfile", 'gem "shop-validation", "~> {}"', "1.7", "1.8", "shop-validation"),
        ("Gemfile.lock", "    shop-validation ({})", "1.7.0", "1.8.0", "shop-validation"),
        ("Order.csproj", '<PackageReference Include="Shop.Validation" Version="{}" />', "1.7.0", "1.8.0",
         "Shop.Validation"),
        ("composer.json", '        "shop/validation": "^{}",', "1.7", "1.8", "shop/validation"),
    ],
)  # fmt: skip
def test_a_raised_version(path: str, line: str, old: str, new: str, name: str) -> None:
    (bump,) = bumps_in("order", "s", path, f"@@ -1 +1 @@\n-{line.format(old)}\n+{line.format(new)}\n")
    assert (bump.old, bump.new) == (old, new)
    assert name in bump.names


def test_a_submodule_s_pointer() -> None:
    patch = f"@@ -1 +1 @@\n-Subproject commit {OLD}\n+Subproject commit {NEW}\n"
    (bump,) = bumps_in("order", "s", "libs/validation", patch)
    assert (bump.old, bump.new, bump.at_commit) == (OLD, NEW, True)


def test_what_is_no_bump() -> None:
    assert not bumps_in("order", "s", "package.json", '-  "a": "1.0"\n')
    assert not bumps_in("order", "s", "package.json", '-  "a": "1.0",\n+  "a": "1.0"\n')
    assert not bumps_in("order", "s", "package.json", '+  "scripts": {\n+    "test": "jest"\n')
    (added,) = bumps_in("order", "s", "package.json", '+  "@shop/validation": "1.8.0",\n')
    assert (added.old, added.new) == (None, "1.8.0")


def test_what_a_manifest_calls_itself() -> None:
    patch = (
        '+  "name": "@shop/validation",\n+  "version": "1.8.0",\n-  "version": "1.7.0",\n+module github.com/shop/v\n'
    )
    assert own_names(patch) == {"@shop/validation", "github.com/shop/v"}
    assert own_versions(patch) == {"1.8.0"}


def test_services_that_files_name() -> None:
    patches = [
        ("deploy/order.yaml", "@@ -1 +1 @@\n+        - name: OTEL_SERVICE_NAME\n+          value: order\n"),
        ("Dockerfile", "+ENV OTEL_SERVICE_NAME=cart\n"),
        ("app.properties", "+spring.application.name=stock\n-spring.application.name=old\n"),
    ]
    assert declared_services(patches) == {"order": "deploy/order.yaml", "cart": "Dockerfile", "stock": "app.properties"}


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300), st.sampled_from(["go.mod", "pom.xml", "x"]))
def test_any_patch_is_read(patch: str, path: str) -> None:
    for bump in bumps_in("order", "s", path, patch):
        assert bump.new
        assert bump.old != bump.new
