"""The fixed tools, resources and prompts that the conformance suite asks of any server, on top of ours.

`python fixture.py PORT` serves our HTTP application with them added: every request goes the way of a real one, and what
is not fixed here is answered by our own handlers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import mcp_types as t
from elicitations import ELICITATIONS
from input_rounds import CAPABILITIES, ROUNDS, round_of
from long_jobs import LONG, NEEDS_TASKS, function_of, said
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ToolsListChanged,
)
from mcp.shared.exceptions import MCPError

from deep_code_reasoning.conversation.jobs import Job
from deep_code_reasoning.mcp_server import tasks_extension
from deep_code_reasoning.mcp_server.handlers import Handlers
from deep_code_reasoning.mcp_server.http_transport import Address, application, web_server
from deep_code_reasoning.mcp_server.server import build_server

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
IMAGE = t.ImageContent(data=PNG, mime_type="image/png")
NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}
SCHEMAS = json.loads((Path(__file__).parent / "schemas.json").read_text("utf-8"))

CONTENTS: dict[str, list[t.ContentBlock]] = {
    "test_simple_text": [t.TextContent(text="This is a simple text response for testing.")],
    "test_image_content": [IMAGE],
    "test_audio_content": [t.AudioContent(data=WAV, mime_type="audio/wav")],
    "test_embedded_resource": [
        t.EmbeddedResource(
            resource=t.TextResourceContents(
                uri="test://embedded-resource", mime_type="text/plain", text="This is an embedded resource content."
            )
        )
    ],
    "test_multiple_content_types": [
        t.TextContent(text="Multiple content types test:"),
        IMAGE,
        t.EmbeddedResource(
            resource=t.TextResourceContents(
                uri="test://mixed-content-resource", mime_type="application/json", text='{"test":"data","value":123}'
            )
        ),
    ],
    "json_schema_2020_12_tool": [t.TextContent(text="called")],
    "test_custom_headers": [t.TextContent(text="called")],
    "test_logging_tool": [t.TextContent(text="Logging evaluated")],
}
OTHERS = (
    "test_tool_with_logging", "test_tool_with_progress", "test_error_handling", "test_sampling",
    "test_missing_capability", "test_streaming_elicitation", "test_trigger_tool_change", "test_trigger_prompt_change",
)  # fmt: skip
RESOURCES = {
    "test://static-text": ("text/plain", "This is the content of the static text resource."),
    "test://static-binary": ("image/png", PNG),
    "test://watched-resource": ("text/plain", "Watched resource content"),
}
PROMPTS = {
    "test_simple_prompt": [],
    "test_prompt_with_arguments": ["arg1", "arg2"],
    "test_prompt_with_embedded_resource": ["resourceUri"],
    "test_prompt_with_image": [],
    "test_input_required_result_prompt": [],
}
bus = InMemorySubscriptionBus()


class Fixture(Handlers):
    """Our handlers, with what the suite looks for put before them."""

    async def list_tools(self, context: Any, params: Any) -> t.ListToolsResult:
        ours = await super().list_tools(context, params)
        names = (*CONTENTS, *ELICITATIONS, *OTHERS, *ROUNDS, CAPABILITIES, *LONG)
        fixed = [
            t.Tool(name=n, description=f"{n} of the suite", input_schema=SCHEMAS.get(n, NO_ARGUMENTS)) for n in names
        ]
        return t.ListToolsResult(tools=[*ours.tools, *fixed])

    async def call_tool(self, context: Any, params: t.CallToolRequestParams) -> Any:
        name, session = params.name, context.session
        if name in CONTENTS:
            return t.CallToolResult(content=CONTENTS[name])
        if name in ROUNDS or name == CAPABILITIES:
            return round_of(name, params, session.client_capabilities)
        if name in ELICITATIONS:
            message = (params.arguments or {}).get("message", "Please fill in the form")
            answer = await session.elicit_form(message, ELICITATIONS[name], context.request_id)
            return said(f"User response: action={answer.action}, content={json.dumps(answer.content or {})}")
        if name == "greet":
            return said(f"Hello, {(params.arguments or {})['name']}!")
        if name in LONG:
            if name in NEEDS_TASKS:
                tasks_extension.must_be_declared(context)
            if name == "test_tool_with_task" and not params.input_responses:
                return round_of("test_input_required_result_elicitation", params, None)
            answers = {"responses": params.input_responses} if params.input_responses else {}
            plain = params.model_copy(update={"request_state": None, "input_responses": None})
            return await self.long_call(context, plain, (), function_of(name, params.arguments or {}, answers))
        if name in OTHERS:
            return await self.another(name, context, params)
        return await super().call_tool(context, params)

    def function_of(self, job: Job) -> Any:
        return function_of(job.tool, job.arguments, {}) if job.tool in LONG else super().function_of(job)

    async def another(self, name: str, context: Any, params: t.CallToolRequestParams) -> t.CallToolResult:
        session = context.session
        match name:
            case "test_tool_with_logging":
                for step in ("started", "processing", "completed"):
                    await session.send_log_message("info", f"Tool execution {step}", None, context.request_id)
            case "test_tool_with_progress" | "test_streaming_elicitation":
                for done in (0, 50, 100):
                    await session.report_progress(done, 100, f"Completed step {done} of 100")
            case "test_error_handling":
                text = t.TextContent(text="This tool intentionally returns an error for testing")
                return t.CallToolResult(content=[text], is_error=True)
            case "test_sampling":
                prompt = t.SamplingMessage(role="user", content=t.TextContent(text=params.arguments["prompt"]))
                reply = await session.create_message([prompt], max_tokens=100, related_request_id=context.request_id)
                return said(f"LLM response: {reply.content.text}")
            case "test_missing_capability":
                if not (session.client_capabilities and session.client_capabilities.sampling):
                    raise MCPError(
                        code=t.MISSING_REQUIRED_CLIENT_CAPABILITY,
                        message="this tool needs sampling",
                        data={"requiredCapabilities": {"sampling": {}}},
                    )
            case "test_trigger_tool_change":
                await bus.publish(ToolsListChanged())
            case "test_trigger_prompt_change":
                await bus.publish(PromptsListChanged())
        return said(f"{name} done")

    async def list_resources(self, context: Any, params: Any) -> t.ListResourcesResult:
        ours = await super().list_resources(context, params)
        fixed = [t.Resource(uri=uri, name=uri, mime_type=mime) for uri, (mime, _) in RESOURCES.items()]
        return t.ListResourcesResult(resources=[*ours.resources, *fixed])

    async def list_resource_templates(self, context: Any, params: Any) -> t.ListResourceTemplatesResult:
        ours = await super().list_resource_templates(context, params)
        fixed = t.ResourceTemplate(
            uri_template="test://template/{id}/data", name="template", mime_type="application/json"
        )
        return t.ListResourceTemplatesResult(resource_templates=[*ours.resource_templates, fixed])

    async def read_resource(self, context: Any, params: t.ReadResourceRequestParams) -> t.ReadResourceResult:
        uri = str(params.uri)
        if uri.startswith("test://template/"):
            number = uri.split("/")[3]
            text = json.dumps({"id": number, "templateTest": True, "data": f"Data for ID: {number}"})
            return t.ReadResourceResult(
                contents=[t.TextResourceContents(uri=uri, mime_type="application/json", text=text)]
            )
        if uri not in RESOURCES:
            return await super().read_resource(context, params)
        mime, content = RESOURCES[uri]
        if mime == "image/png":
            return t.ReadResourceResult(contents=[t.BlobResourceContents(uri=uri, mime_type=mime, blob=content)])
        return t.ReadResourceResult(contents=[t.TextResourceContents(uri=uri, mime_type=mime, text=content)])

    async def list_prompts(self, context: Any, params: Any) -> t.ListPromptsResult:
        ours = await super().list_prompts(context, params)
        fixed = [
            t.Prompt(
                name=name, description=name, arguments=[t.PromptArgument(name=a, required=True) for a in arguments]
            )
            for name, arguments in PROMPTS.items()
        ]
        return t.ListPromptsResult(prompts=[*ours.prompts, *fixed])

    async def get_prompt(self, context: Any, params: t.GetPromptRequestParams) -> Any:
        given = params.arguments or {}
        match params.name:
            case "test_simple_prompt":
                return prompted(t.TextContent(text="This is a simple prompt for testing."))
            case "test_prompt_with_arguments":
                text = f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'"
                return prompted(t.TextContent(text=text))
            case "test_prompt_with_embedded_resource":
                resource = t.TextResourceContents(
                    uri=given["resourceUri"], mime_type="text/plain", text="Embedded resource content for testing."
                )
                return prompted(t.EmbeddedResource(resource=resource), t.TextContent(text="Process the above."))
            case "test_prompt_with_image":
                return prompted(IMAGE, t.TextContent(text="Please analyze the image above."))
            case "test_input_required_result_prompt":
                asked = round_of("test_input_required_result_elicitation", params, None)
                return asked if isinstance(asked, t.InputRequiredResult) else prompted(t.TextContent(text="Thank you."))
        return await super().get_prompt(context, params)


def prompted(*contents: Any) -> t.GetPromptResult:
    return t.GetPromptResult(messages=[t.PromptMessage(role="user", content=content) for content in contents])


async def nothing(_context: Any, _params: Any) -> t.EmptyResult:
    return t.EmptyResult()


def main(port: int, state: Path) -> None:
    server = build_server(Fixture(at_once_seconds=0), state_dir=state)
    server.add_request_handler("logging/setLevel", t.SetLevelRequestParams, nothing)
    server.add_request_handler("resources/subscribe", t.SubscribeRequestParams, nothing)
    server.add_request_handler("resources/unsubscribe", t.UnsubscribeRequestParams, nothing)
    server.add_request_handler("subscriptions/listen", t.SubscriptionsListenRequestParams, ListenHandler(bus))
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=server.name))
    address = Address(port=port)
    web_server(application(server, address, token=None), address).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
