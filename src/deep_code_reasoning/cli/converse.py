"""`dcr converse` and `dcr replay`: conversations with a specialist about an incident."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from deep_code_reasoning.cli.evidence import EVIDENCE_HELP, InvestigationOption, JsonOption
from deep_code_reasoning.cli.output import print_json, print_table
from deep_code_reasoning.cli.terminal import working
from deep_code_reasoning.context.visible import visible
from deep_code_reasoning.errors import CancelledError, DcrError, UsageError
from deep_code_reasoning.settings import load_settings

if TYPE_CHECKING:
    from deep_code_reasoning.conversing import Conversations
    from deep_code_reasoning.conversing.turn_answer import TurnAnswer

MOST_FILE_BYTES = 100_000  # of a system prompt


class _NamesOrTalks(TyperGroup):
    """`dcr converse con-1234` talks: what is no command is a conversation's id."""

    def resolve_command(self, ctx, args):  # types are typer's own
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["talk", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_NamesOrTalks,
    no_args_is_help=True,
    help="Talk with a specialist about an incident; `dcr converse ID` goes on with a conversation at a prompt.",
)
IdArgument = Annotated[str, typer.Argument(help="A conversation's id, or that of the escalation that began it.")]
ModelOption = Annotated[str | None, typer.Option(help="The specialist to ask (see `dcr models`).")]
QueueOption = Annotated[bool, typer.Option("--queue", help="Wait behind a turn that runs, instead of being refused.")]
SnippetsOption = Annotated[bool, typer.Option("--snippets", help="Show the files that the message names with it.")]


class Task(StrEnum):
    execution_trace = "execution_trace"
    cross_system = "cross_system"
    performance = "performance"
    hypothesis_test = "hypothesis_test"


class Format(StrEnum):
    detailed = "detailed"
    concise = "concise"
    actionable = "actionable"


@app.command("start")
def start(
    evidence: Annotated[list[str], typer.Argument(help=EVIDENCE_HELP)],
    question: Annotated[str | None, typer.Option(help="What you want to know.")] = None,
    model: ModelOption = None,
    task: Annotated[Task, typer.Option(help="What kind of analysis it is.")] = Task.cross_system,
    depth: Annotated[int, typer.Option(help="1 to 5: size of the brief, thinking, rounds.", min=1, max=5)] = 3,
    seconds: Annotated[float, typer.Option(help="The most that a turn may take.", min=1)] = 600,
    investigation: InvestigationOption = None,
    as_json: JsonOption = False,
) -> int:
    """Read the evidence, diagnose it, and ask a specialist the first question."""
    from deep_code_reasoning.conversation.request import EscalationRequest

    request = EscalationRequest(
        evidence=tuple(evidence),
        question=question,
        analysis_type=task.value,
        depth_level=depth,
        time_budget_seconds=seconds,
        investigation=investigation,
        model=model,
    )
    with working(quiet=as_json) as work:
        started = _conversations().start(request, work=work)
    answer = started.escalation.answer
    if as_json:
        print_json({**started.answer.as_json(), "diagnosis": answer.as_json()})
    else:
        from deep_code_reasoning.cli.report import print_answer

        print_answer(answer)
        print(f"\n{_footer(started.answer)}")
    if answer.specialist_error:
        print(f"dcr: {answer.specialist_error}", file=sys.stderr)
        return 4
    return 0


@app.command("say")
def say(
    session: IdArgument,
    message: Annotated[str, typer.Argument(help="What you want to know; `-` reads it from standard input.")],
    queue: QueueOption = False,
    snippets: SnippetsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Ask one more question. What changed since the last one is told first."""
    text = sys.stdin.read() if message == "-" else message
    try:
        with working(quiet=as_json) as work:
            answer = _conversations().say(session, text, queue=queue, include_code_snippets=snippets, work=work)
    except CancelledError:
        print(f"dcr: the turn can be taken up again: dcr converse resume {session}", file=sys.stderr)
        raise
    _print_turn(answer, as_json)


@app.command("resume")
def resume(session: IdArgument, as_json: JsonOption = False) -> None:
    """Take up the last turn, where it was cut off, cancelled or failed."""
    with working(quiet=as_json) as work:
        answer = _conversations().resume(session, work=work)
    _print_turn(answer, as_json)


@app.command("list")
def listed(
    rows: Annotated[int, typer.Option(help="The last active first.", min=1)] = 30, as_json: JsonOption = False
) -> None:
    """List the conversations of this directory."""
    found = _conversations().listed(rows)
    if as_json:
        return print_json({"sessions": found})
    header = ["id", "state", "model", "turns", "dollars", "last active", "question"]
    return print_table(
        header,
        [
            [
                one.session_id,
                one.state,
                one.model,
                one.turns,
                f"{one.dollars:.4f}",
                one.last_active,
                _short(one.question),
            ]
            for one in found
        ],
    )


@app.command("show")
def show(session: IdArgument, as_json: JsonOption = False) -> None:
    """Print a conversation: questions, answers, what was looked up, what it cost."""
    transcript = _conversations().transcript(session)
    if as_json:
        return print_json(transcript.as_json())
    return print(visible(transcript.as_text()))


@app.command("finalize")
def finalize(
    session: IdArgument,
    summary_format: Annotated[Format, typer.Option("--format", help="How it is summed up.")] = Format.detailed,
    as_json: JsonOption = False,
) -> None:
    """End a conversation with a summary. It can still be read and forked."""
    with working(quiet=as_json) as work:
        summary = _conversations().finalize(session, summary_format.value, work=work)
    if as_json:
        return print_json(summary.as_json())
    print(visible(summary.text))
    return print(f"\n{summary.session_id} · {summary.format}, by {summary.by} · {_dollars(summary.cost['dollars'])}")


@app.command("fork")
def fork(
    session: IdArgument,
    model: ModelOption = None,
    at_turn: Annotated[int | None, typer.Option(help="The last turn to keep; all where not given.", min=0)] = None,
    as_json: JsonOption = False,
) -> None:
    """Go on otherwise: a new conversation that has said the same so far, with the same or another model."""
    with working(quiet=as_json) as work:
        made = _conversations().fork(session, model=model, at_turn=at_turn, work=work)
    if as_json:
        return print_json(made.as_json())
    return print(f"{made.id} · {made.model} · forked from {made.parent_id} after turn {made.parent_turn}")


@app.command("talk", hidden=True)
def talk(session: IdArgument) -> None:
    """A prompt: one question a line, until the end of the input."""
    conversations = _conversations()
    status = conversations.status(session)
    if sys.stdin.isatty():
        last = status.turns[-1].question if status.turns else ""
        print(
            f"{status.session.id} · {status.session.model} · {status.session.state} · {_short(last)}", file=sys.stderr
        )
    while (message := _line()) is not None:
        if not message.strip():
            continue
        try:
            with working() as work:
                answer = conversations.say(session, message, include_code_snippets=True, work=work)
        except DcrError as error:  # the next line may do better
            print(f"dcr: {error}", file=sys.stderr)
            continue
        _print_turn(answer, as_json=False)


def replay(
    recorded: IdArgument,
    model: ModelOption = None,
    prompt: Annotated[Path | None, typer.Option(help="A file with another system prompt.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the recorded brief and questions again, of another model or with another system prompt, and compare."""
    if model is None and prompt is None:
        raise UsageError("replay: nothing to do otherwise; name a --model or a file with a --prompt")
    with working(quiet=as_json) as work:
        found = _conversations().replay(recorded, model=model, system=_system(prompt), work=work)
    if as_json:
        return print_json(found.as_json())
    from deep_code_reasoning.cli.comparison_report import print_comparison

    return print_comparison(found)


def _conversations() -> Conversations:
    from deep_code_reasoning.conversing import Conversations

    return Conversations(load_settings(), consent=_consent())


def _consent() -> Callable[[str, float], bool] | None:
    """A person at a terminal can be asked."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return lambda question, dollars: typer.confirm(question, err=True)


def _system(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            content = file.read(MOST_FILE_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--prompt {path}: not readable as text: {error}") from None
    if len(content) > MOST_FILE_BYTES or not text.strip():
        raise UsageError(f"--prompt {path}: {len(content):,} bytes; expected 1 to {MOST_FILE_BYTES:,}")
    return text


def _line() -> str | None:
    try:
        return input("> " if sys.stdin.isatty() else "")
    except (EOFError, KeyboardInterrupt):
        return None


def _print_turn(answer: TurnAnswer, as_json: bool) -> None:
    if as_json:
        return print_json(answer.as_json())
    for told in answer.told:
        print(visible(f"told first: {told}"), file=sys.stderr)
    analysis = answer.turn.analysis
    if analysis is None:
        return print(f"turn {answer.turn.number} is {answer.turn.state}; see `dcr converse show {answer.session.id}`")
    print(visible(analysis["narrative"]))
    for cause in analysis["root_causes"]:
        print(visible(f"- {cause['confidence']:.2f} {cause['type']}: {cause['description']}"))
    for question in answer.turn.questions:
        print(visible(f"It asks: {question}"))
    return print(f"\n{_footer(answer)}")


def _footer(answer: TurnAnswer) -> str:
    cost = answer.turn.cost()
    tokens = f"{cost['input_tokens']:,} tokens in ({cost['cached_tokens']:,} cached), {cost['output_tokens']:,} out"
    return f"{answer.session.id} · turn {answer.turn.number} · {tokens} · {_dollars(cost['dollars'])}"


def _dollars(dollars: float | None) -> str:
    return "price not known" if dollars is None else f"${dollars:.4f}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."
