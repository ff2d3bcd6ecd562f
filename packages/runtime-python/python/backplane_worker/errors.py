"""Errors with a code of Backplane's catalogue."""


class PluginError(Exception):
    """Fails a call, a load or a change with a code of its own; any other exception is `BP_PLUGIN_FAILED` with its text.

    `next` is the next step for whoever reads it. What a call to the host rejects with is raised as this too.
    """

    def __init__(self, message, code="BP_PLUGIN_FAILED", next=None, retryable=False, details=None):
        super().__init__(message)
        self.message = message
        self.code = code
        self.next = next
        self.retryable = retryable
        self.details = details or {}
