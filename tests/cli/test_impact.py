"""`dcr impact` and `dcr bottleneck` on a repository, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from cli.conftest import Dcr
from running_code.repositories import change, commit
from running_code.traffic import write_traffic

PROGRAM = {
    "price.py": "def price(product, quantity):\n    return product.cents * quantity\n",
    "orders/app.py": (
        "from price import price\n\n\ndef place(order, db):\n    for line in order.lines:\n"
        "        db.query('SELECT cents FROM products WHERE id = 1', line)\n    return price(order, 1)\n"
    ),
}


def repository(folder: Path) -> Path:
    commit(folder, PROGRAM)
    change(folder, {"price.py": PROGRAM["price.py"].replace(", quantity", "")})
    return folder


def test_impact(dcr: Dcr, tmp_path: Path) -> None:
    folder = repository(tmp_path / "shop")
    run = dcr("impact", folder / "price.py")
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[0].startswith("1 files in scope, 1 of them changed; 1 functions. 1 breaking, the first: price:")
    assert any(line.startswith("    broken: place  orders/app.py:7") and line.endswith("[1.00]") for line in lines)
    told = json.loads(dcr("impact", "price.py", "--root", folder, "--type", "breaking", "--json").stdout)
    assert told["schema"] == "impact/1"
    assert [one["kind"] for one in told["impacts"]] == ["parameters-changed"]
    assert dcr("impact", folder / "price.py", "--type", "odd").returncode == 2


def test_bottleneck(dcr: Dcr, tmp_path: Path) -> None:
    folder = repository(tmp_path / "shop")
    traces = write_traffic(tmp_path / "traces.jsonl", [1, 20])
    arguments = ("bottleneck", "orders/app.py:4", "--root", folder, "--evidence", traces, "--suspect", "queries")
    run = dcr(*arguments)
    assert run.returncode == 0, run.stderr
    assert "+76.00 ms  20.0 calls (was 1.0)  orders SELECT products" in run.stdout
    assert "suspected: queries: seen" in run.stdout
    told = json.loads(dcr(*arguments, "--json").stdout)
    assert told["schema"] == "bottleneck/1"
    assert told["measured"][0]["change_ms"] > 75
    assert dcr("bottleneck", "none.py:1", "--root", folder).returncode == 2
