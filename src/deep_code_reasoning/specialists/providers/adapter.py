"""What the providers that pydantic-ai speaks to have in common: one request, its schema, its errors."""

from __future__ import annotations

import contextlib
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from deep_code_reasoning.specialists.port import Reply, Request
from deep_code_reasoning.specialists.providers.failures import Asked, cut_short, no_answer, our_errors, refused
from deep_code_reasoning.specialists.providers.transport import http_client
from deep_code_reasoning.specialists.providers.wording import has_originals, messages_of, reply_of

if TYPE_CHECKING:
    import httpx2
    from pydantic_ai import ModelMessage, ModelResponse
    from pydantic_ai.models import Model, ModelRequestParameters
    from pydantic_ai.settings import ModelSettings

Form = Literal["strict", "native", "json", "prompted"]
"""How an answer of a schema is asked for. strict: the provider holds the model to the schema, made strict (every field
required); native: to the schema as it is; json: the schema is in the prompt, and the provider sees to JSON; prompted:
the schema is in the prompt, and nothing is enforced."""
_ABOUT_THE_SCHEMA = re.compile(
    r"schema|response_?format|response_?mime|json_object|json mode|structured|output_config|output_format|grammar", re.I
)
_ABOUT_AN_ORIGINAL = re.compile(r"item with id|\brs_\w|signature|thinking block|reasoning item|encrypted content", re.I)


@dataclass
class Adapter(ABC):
    """One provider. A client is made for each call, for every call may run on an event loop of its own."""

    api_key: str
    base_url: str = ""
    provider: str = ""
    key_hint: str = ""
    known: tuple[str, ...] = ()
    forms: tuple[Form, ...] = ("native", "prompted")
    """The forms of a schema to try, in order: the next where a provider refuses one."""
    _refused: dict[str, int] = field(default_factory=dict, repr=False)

    default_provider: ClassVar[str]
    default_base_url: ClassVar[str] = ""

    def __post_init__(self) -> None:
        """Loads the SDK now: on a busy machine that takes seconds, which are not the time budget's."""
        self.provider = self.provider or self.default_provider
        self.base_url = self.base_url or self.default_base_url
        self.load()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.provider!r}, {self.base_url!r})"

    @staticmethod
    @abstractmethod
    def load() -> None: ...

    @abstractmethod
    def model(self, name: str, http: httpx2.AsyncClient, form: Form | None) -> Model: ...

    @abstractmethod
    def settings(self, request: Request) -> ModelSettings:
        """Whatever is of this provider alone; length, effort and retries are set for all."""

    @abstractmethod
    async def live_models(self) -> list[str]:
        """The ids that this key may ask now. Raises SpecialistError."""

    async def ask(self, request: Request) -> Reply:
        asked = self.asked(request.model)
        with our_errors(asked):
            try:
                response = await self._in_a_form_it_takes(request, neutral=False)
            except Exception as error:
                if not (has_originals(request, self.provider) and _is_about(error, _ABOUT_AN_ORIGINAL)):
                    raise
                # What it signed or kept is no longer accepted (another key, a run it has forgotten): the words remain.
                response = await self._in_a_form_it_takes(request, neutral=True)
        return self.reply(response, request)

    def reply(self, response: ModelResponse, request: Request) -> Reply:
        """Raises RefusedError, UnavailableError for a stream that broke off."""
        asked = self.asked(request.model)
        details = response.provider_details or {}
        if response.finish_reason == "content_filter":
            told = ("refusal", "block_reason_message", "block_reason", "finish_reason")
            raise refused(next((str(details[name]) for name in told if details.get(name)), "its filter"), asked)
        if response.state in ("incomplete", "interrupted"):
            raise cut_short(asked)
        if response.finish_reason == "error" and not (response.text or response.tool_calls):
            raise no_answer(f"it ended with {details.get('finish_reason') or 'an error'}", asked)
        return reply_of(response, request, self.provider)

    async def counted(self, request: Request) -> int:
        """Input tokens as the provider counts them, with tools and schema."""
        form = self.forms[0] if request.schema is not None else None
        with our_errors(self.asked(request.model)):
            async with self.connected(request.model, form) as model:
                messages = messages_of(request, self.provider)
                parameters = parameters_of(request, model, form)
                return (await model.count_tokens(messages, self.all_settings(request), parameters)).input_tokens

    def asked(self, model: str) -> Asked:
        return Asked(self.provider, model, self.api_key, self.base_url, self.key_hint, self.known)

    def about_its_list(self) -> Asked:
        return self.asked(f"{self.provider}'s list of models")

    @contextlib.asynccontextmanager
    async def connected(self, name: str, form: Form | None = None) -> AsyncGenerator[Model]:
        async with http_client(self.base_url) as http:
            yield self.model(name, http, form)

    async def _in_a_form_it_takes(self, request: Request, *, neutral: bool) -> ModelResponse:
        messages = messages_of(request, self.provider, neutral=neutral)
        forms: tuple[Form | None, ...] = self.forms if request.schema is not None else (None,)
        first = min(self._refused.get(request.model, 0), len(forms) - 1)
        for number in range(first, len(forms)):
            try:
                async with self.connected(request.model, forms[number]) as model:
                    return await self.exchange(model, messages, request, forms[number])
            except Exception as error:
                if number + 1 == len(forms) or not _is_about(error, _ABOUT_THE_SCHEMA):
                    raise
                self._refused[request.model] = number + 1
        raise AssertionError("the last form returns or raises")

    async def exchange(
        self, model: Model, messages: list[ModelMessage], request: Request, form: Form | None
    ) -> ModelResponse:
        from pydantic_ai.direct import model_request

        return await model_request(
            model,
            messages,
            model_settings=self.all_settings(request),
            model_request_parameters=parameters_of(request, model, form),
        )

    def all_settings(self, request: Request) -> ModelSettings:
        from pydantic_ai.settings import ModelSettings

        # No retry of the SDK's: whether and when to ask again is for us to say, who know the deadline and the budget.
        common = ModelSettings(max_tokens=request.max_output_tokens, thinking=request.effort, max_retries=0)
        if request.tools and not request.may_call:
            common["tool_choice"] = "none"
        return common | self.settings(request)


def parameters_of(request: Request, model: Model, form: Form | None) -> ModelRequestParameters:
    """System text, tools and schema. Always in the same order, for what comes first is what a provider caches."""
    from pydantic_ai import CodeExecutionTool, InstructionPart
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition
    from pydantic_ai.tools import ToolDefinition

    tools = [
        ToolDefinition(name=tool.name, description=tool.description, parameters_json_schema=dict(tool.parameters))
        for tool in request.tools
    ]
    runs_code = request.code_execution and CodeExecutionTool in model.profile.get("supported_native_tools", ())
    parameters = ModelRequestParameters(
        function_tools=tools,
        native_tools=[CodeExecutionTool()] if runs_code else [],
        instruction_parts=[InstructionPart(content=request.system)] if request.system else None,
        allow_text_output=True,
    )
    if form is None:
        return parameters
    schema: dict[str, Any] = dict(request.schema or {})
    strict = {"strict": True, "native": False}.get(form)
    output = OutputObjectDefinition(json_schema=schema, name=request.schema_name, strict=strict)
    mode: Literal["native", "prompted"] = "native" if form in ("strict", "native") else "prompted"
    return replace(parameters, output_mode=mode, output_object=output)


def _is_about(error: Exception, words: re.Pattern[str]) -> bool:
    """Did the provider refuse the request itself, and speak of this?"""
    from pydantic_ai.exceptions import ModelHTTPError, UserError

    if isinstance(error, UserError):  # pydantic-ai knows that this model takes no such thing
        return bool(words.search(str(error)) or "output" in str(error).lower())
    if not isinstance(error, ModelHTTPError) or error.status_code in (401, 403, 429):
        return False
    return error.status_code <= 501 and words.search(str(error.body)) is not None
