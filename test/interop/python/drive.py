"""A Python Celery client steered by JSON lines on stdin; answers each with one JSON line on stdout."""
import base64
import json
import math
import sys
import threading
from datetime import date, datetime, timedelta, timezone  # noqa: F401 (for expressions)
from decimal import Decimal  # noqa: F401
from uuid import UUID  # noqa: F401

from celery.exceptions import TimeoutError as CeleryTimeout
from celery.result import AsyncResult
from kombu import Exchange, Queue
from kombu.message import Message

import interop_app
from interop_app import app, lists

legacy = interop_app.make_app(task_protocol=1)
results = {}


def send(
    task,
    args=(),
    kwargs=None,
    options=None,
    link=None,
    link_error=None,
    eta_in=None,
    expires_in=None,
    args_expr=None,
    protocol=2,
):
    sender = legacy if protocol == 1 else app
    options = dict(options or {})
    if args_expr is not None:
        args = eval(args_expr)
    if eta_in is not None:
        options["eta"] = datetime.now(timezone.utc) + timedelta(seconds=eta_in)
    if expires_in is not None:
        options["expires"] = datetime.now(timezone.utc) + timedelta(seconds=expires_in)
    if link is not None:
        options["link"] = sender.signature(link)
    if link_error is not None:
        options["link_error"] = sender.signature(link_error)
    result = sender.send_task(task, args=args, kwargs=kwargs or {}, **options)
    results[result.id] = result
    return {"id": result.id}


def get(id, timeout=20, release=None):
    """`release`: {"state": …, "gate": …}: opens a task's gate as soon as that state is seen."""
    result = results.get(id) or AsyncResult(id, app=app)
    states = []

    def on_message(meta):
        states.append(meta["status"])
        if release and meta["status"] == release["state"]:
            lists.rpush(release["gate"], json.dumps(meta["result"]))

    try:
        value = result.get(timeout=timeout, propagate=True, on_message=on_message)
        answer = {"state": result.state, "value": value, "repr": repr(value)}
    except CeleryTimeout:
        return {"state": result.state, "timeout": True}
    except Exception as error:  # the task's own failure, rebuilt by Celery
        answer = {
            "state": result.state,
            "error": type(error).__name__,
            "args": [str(each) for each in error.args],
            "traceback": result.traceback,
        }
    answer["states"] = states
    answer["children"] = [child.id for child in result.children or []]
    fields = {name: getattr(result, name) for name in ("name", "args", "kwargs", "worker", "queue", "retries")}
    return {"fields": fields, **answer}


def state(id):
    result = results.get(id) or AsyncResult(id, app=app)
    info = result.info
    return {"state": result.state, "info": info if isinstance(info, (dict, list, str, int, float, type(None))) else repr(info)}


def expression(expr):
    return {"repr": repr(eval(expr))}


def raw(queue, body, content_type=None, content_encoding=None, headers=None, properties=None):
    """A message of any shape, its body base64, straight to a queue."""
    with app.connection_for_write() as connection:
        connection.default_channel.basic_publish(
            connection.default_channel.prepare_message(
                base64.b64decode(body),
                content_type=content_type,
                content_encoding=content_encoding,
                headers=headers or {},
                properties={"delivery_mode": 2, **(properties or {})},
            ),
            exchange="",
            routing_key=queue,
        )
    return {}


def drain(queue):
    """Takes every message off a queue, readable or not."""
    taken = []
    with app.connection_for_read() as connection:
        channel = connection.default_channel
        while True:
            got = channel.basic_get(queue, no_ack=True)
            if got is None:
                return {"messages": taken}
            message = got if isinstance(got, Message) else channel.message_to_python(got)
            body = message.body if isinstance(message.body, bytes) else message.body.encode()
            taken.append(
                {
                    "headers": message.headers,
                    "content_type": message.content_type,
                    "body": base64.b64encode(body).decode(),
                }
            )


def depths(queues):
    """How many messages wait in each queue; None where there is no such queue."""
    with app.connection_for_read() as connection:
        def depth(queue):
            try:
                channel = connection.channel()
                return channel.queue_declare(queue, passive=True).message_count
            except Exception:
                return None
        return {"depths": [depth(queue) for queue in queues]}


def declare(queue, options=None, exchange=None):
    """Declares a task queue as a worker or a publish of Celery does."""
    if options or exchange:
        made = Exchange(exchange["name"], type=exchange["type"]) if exchange else None
        app.amqp.queues.add(Queue(queue, made, **{"routing_key": queue, **(options or {})}))
    with app.connection_for_write() as connection:
        app.amqp.queues[queue](connection.default_channel).declare()
    return {}


def declare_reply_queue(name):
    """Declares the queue of an rpc client by this name as Celery's own backend declares it."""
    with app.connection_for_write() as connection:
        own = app.backend.binding
        binding = app.backend.Queue(
            name, own.exchange, name, durable=own.durable, auto_delete=own.auto_delete, expires=own.expires
        )
        binding(connection.default_channel).declare()
    return {}


def consume(queue, node):
    """Has a running worker take a queue on."""
    options = {"destination": [node], "reply": True, "timeout": 10, "limit": 1}
    return {"replies": app.control.add_consumer(queue, routing_key=queue, **options)}


def revoke(id):
    app.control.revoke(id)
    return {}


def cli(args):
    """Celery's own command line, in this process: its exit code and what it printed."""
    from celery.bin.celery import celery
    from click.testing import CliRunner

    ran = CliRunner().invoke(celery, ["-A", "interop_app", *args])
    return {"code": ran.exit_code, "output": ran.output}


def matching(pattern, matcher, limit):
    """The workers that heed a pattern."""
    options = {"reply": True, "timeout": 20, "limit": limit, "pattern": pattern, "matcher": matcher}
    return {"found": [name for reply in app.control.broadcast("ping", **options) for name in reply]}


monitored = app.events.State()


def watch():
    """What Celery's own State makes of the events so far. The first call begins to listen."""
    if not hasattr(watch, "thread"):
        listening = threading.Event()

        def listen():
            with app.connection_for_read() as connection:
                receiver = app.events.Receiver(connection, handlers={"*": monitored.event})
                receiver.on_consume_ready = lambda *_, **__: listening.set()
                receiver.capture(limit=None, timeout=None, wakeup=False)

        watch.thread = threading.Thread(target=listen, daemon=True)
        watch.thread.start()
        listening.wait(20)
    fields = ("name", "state", "args", "kwargs", "result", "runtime", "exception")
    tasks = {
        id: {**{each: getattr(task, each) for each in fields}, "worker": task.worker and task.worker.hostname}
        for id, task in list(monitored.tasks.items())
    }
    return {"tasks": tasks, "alive": [worker.hostname for worker in monitored.alive_workers()]}


OPERATIONS = {
    each.__name__: each
    for each in (send, get, state, expression, raw, drain, depths, declare, declare_reply_queue, consume, revoke, cli, matching, watch)
}


def without_nan(answer):
    """NaN and the infinities have no form in JSON: `repr` tells them."""
    if isinstance(answer, dict):
        return {key: without_nan(value) for key, value in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [without_nan(each) for each in answer]
    return repr(answer) if isinstance(answer, float) and not math.isfinite(answer) else answer


print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    operation = OPERATIONS[request.pop("op")]
    try:
        answer = operation(**request)
    except Exception as error:
        answer = {"driver_error": repr(error)}
    print(json.dumps(without_nan(answer), default=repr), flush=True)
