"""The exception tree. Every message says what was tried, what was found and what would be accepted.

DcrError
├── UsageError                the call itself cannot be carried out (exit 2)
│   ├── OutsideRootsError     a path resolves outside the allowed roots
│   ├── MissingEvidenceError  a call names no evidence, and none is at hand
│   ├── SettingsError         a setting has a value that cannot be used
│   └── QueryRefusedError     SQL that is not a single read-only statement, or ran past its limits
├── EvidenceError             nothing in the evidence could be read (exit 3)
│   └── InvestigationNotFoundError
├── StoreError                what was written is not what is there (exit 1)
├── SpecialistError           a model could not be asked or did not answer (exit 4)
│   ├── NoKeyError            the provider has no credentials here
│   ├── PrivacyError          the settings keep what would be sent from this provider
│   ├── BudgetError           the estimate is over the allowed tokens or dollars
│   ├── RedactionError        secrets could not be looked for as the settings ask, so nothing is sent
│   ├── RateLimitedError      asked too often: `retry_after` seconds, None where the provider did not say
│   ├── UnavailableError      an outage: no connection, 5xx, half a stream, a body that is not what the API speaks
│   ├── RefusedError          the model or its filter will not answer this; asking it again is no use
│   ├── ContextOverflowError  more input than the model takes: a smaller brief may pass
│   └── UnknownModelError     the provider knows no such id, or this key may not ask it
├── ConversationError         the conversation cannot take this (exit 2)
│   ├── UnknownConversationError   there is none of this id in this project
│   ├── BusyConversationError      a turn is running
│   ├── ExpiredConversationError   too long ago: it can be read and forked, not continued
│   └── FinishedConversationError  finalized: it can be read and forked, not continued
└── CancelledError            the caller took the request back (exit 130)
"""


class DcrError(Exception):
    """Base of every error that a face turns into one line; `exit_code` is the CLI's."""

    exit_code = 1


class UsageError(DcrError):
    exit_code = 2


class OutsideRootsError(UsageError):
    pass


class MissingEvidenceError(UsageError):
    pass


class SettingsError(UsageError):
    pass


class QueryRefusedError(UsageError):
    pass


class EvidenceError(DcrError):
    exit_code = 3


class InvestigationNotFoundError(EvidenceError):
    pass


class StoreError(DcrError):
    pass


class SpecialistError(DcrError):
    exit_code = 4


class NoKeyError(SpecialistError):
    pass


class PrivacyError(SpecialistError):
    pass


class BudgetError(SpecialistError):
    pass


class RedactionError(SpecialistError):
    pass


class RateLimitedError(SpecialistError):
    def __init__(self, message: str, retry_after: float | None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableError(SpecialistError):
    pass


class RefusedError(SpecialistError):
    pass


class ContextOverflowError(SpecialistError):
    pass


class UnknownModelError(SpecialistError):
    pass


class ConversationError(DcrError):
    exit_code = 2


class UnknownConversationError(ConversationError):
    pass


class BusyConversationError(ConversationError):
    pass


class ExpiredConversationError(ConversationError):
    pass


class FinishedConversationError(ConversationError):
    pass


class CancelledError(DcrError):
    exit_code = 130
