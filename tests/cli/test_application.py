"""The command line as a whole, of which a call builds only the command that is named."""

from __future__ import annotations

import re

import pytest

from deep_code_reasoning.cli.app import COMMANDS, application, run


def test_the_help_lists_every_command_in_the_order_of_the_table(capfd: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    listed = re.findall(r"^[^\w-]*([a-z][a-z-]*)  +[A-Z]", capfd.readouterr().out, re.MULTILINE)
    assert listed == list(COMMANDS)


def test_a_command_built_alone_tells_the_same_as_among_all(capfd: pytest.CaptureFixture[str]) -> None:
    all_of_them = application()
    for name in COMMANDS:
        assert run([name, "--help"]) == 0
        alone = capfd.readouterr().out
        all_of_them([name, "--help"], standalone_mode=False)
        assert alone == capfd.readouterr().out
        assert f" {name} " in alone


@pytest.mark.parametrize("arguments", [["laod"], ["laod", "load"], ["--", "laod"]])
def test_a_name_that_is_no_command_is_answered_with_one_that_is(
    arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert capfd.readouterr().err == "dcr: No such command 'laod'. Did you mean 'load'? (see dcr --help)\n"


def test_options_may_stand_before_the_command(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["--version", "load"]) == 0
    assert capfd.readouterr().out.count(".") == 2
    assert run(["--", "load", "--help"]) == 0
    assert "evidence" in capfd.readouterr().out
