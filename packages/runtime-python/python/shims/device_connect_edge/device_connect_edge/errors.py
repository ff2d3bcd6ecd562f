"""The errors that capabilities raise and catch."""


class DeviceConnectError(Exception):
    """The base of all of them."""


class DeviceError(DeviceConnectError):
    pass


class RegistrationError(DeviceConnectError):
    pass


class DeviceConnectionError(DeviceConnectError):
    pass


class CommissioningError(DeviceConnectError):
    pass


class FunctionInvocationError(DeviceConnectError):
    def __init__(self, message, function_name="", original_error=None):
        super().__init__(message)
        self.function_name = function_name
        self.original_error = original_error


class ValidationError(DeviceConnectError):
    def __init__(self, message, field=None, errors=None):
        super().__init__(message)
        self.field = field
        self.errors = errors or []


class DeviceDependencyError(DeviceConnectError):
    def __init__(self, message, device_type="", timeout=0.0):
        super().__init__(message)
        self.device_type = device_type
        self.timeout = timeout
