"""Middlewares for plugins that serve HTTP with aiohttp (old-style, `app` and `handler`).

aiohttp is the plugin's own requirement and is imported when the first request comes.
"""

import asyncio
import json
import logging
import traceback
from functools import wraps

_logger = logging.getLogger(__name__)


async def error_middleware(app, handler):
    """Answers 500 with a JSON body where a handler raises what is no HTTP answer."""

    async def middleware_handler(request):
        from aiohttp import web

        try:
            return await handler(request)
        except (web.HTTPException, asyncio.CancelledError):
            raise
        except Exception as ex:
            return handle_api_exception(ex, type(ex).__name__, request.query.get("trace") == "1")

    return middleware_handler


async def optional_auth_middleware(app, handler):
    """Marks the request as one without a user. Users and tokens are Fledge's core's affair and are not here."""

    async def middleware(request):
        _logger.info("Received %s request for %s", request.method, request.path)
        request.is_auth_optional = True
        request.user = None
        return await handler(request)

    return middleware


async def auth_middleware(app, handler):
    """Refuses every request but OPTIONS: nobody here could check a token."""

    async def middleware(request):
        from aiohttp import web

        if request.method != "OPTIONS":
            raise web.HTTPUnauthorized(reason="no users are known here")
        return await handler(request)

    return middleware


def has_permission(permission):
    """Lets a handler run only where the request needs no user."""

    def wrapper(fn):
        @wraps(fn)
        async def wrapped(*args, **kwargs):
            from aiohttp import web

            if not getattr(args[-1], "is_auth_optional", False):
                raise web.HTTPForbidden(reason="{} is asked for".format(permission))
            return await fn(*args, **kwargs)

        return wrapped

    return wrapper


def handle_api_exception(ex, _class=None, if_trace=0):
    """Gives the 500 answer for an exception."""
    from aiohttp import web

    error = {"message": "[{}] {}".format(_class, ex)}
    if if_trace:
        error.update({"exception": _class, "traceback": traceback.format_exc()})
    body = json.dumps({"error": error}).encode("utf-8")
    return web.Response(status=500, body=body, content_type="application/json")
