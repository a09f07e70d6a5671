"""Python's side of the interop tests: the same tasks as ../interop.tasks.ts, under the prefixes `py.` and `both.`.

Queues come from the environment. Tasks that must be seen or held do so through lists on a Redis of the test's own.
"""
import json
import os
import time

from celery import Celery
from celery.exceptions import Ignore, Reject
from kombu import Queue
from redis import Redis

QUEUES = json.loads(os.environ.get("INTEROP_QUEUES", "{}"))


def make_app(**more):
    made = Celery("interop", broker=os.environ["BROKER_URL"], backend=os.environ["RESULT_BACKEND"])
    made.conf.update(
        task_track_started=True,
        result_extended=os.environ.get("RESULT_EXTENDED") == "1",
        broker_transport_options=({"max_retries": 3} if os.environ["BROKER_URL"].startswith("amqp") else {}),
        worker_hijack_root_logger=False,
        task_create_missing_queues=True,
        accept_content=["json", "msgpack", "yaml"],
        beat_schedule=json.loads(os.environ.get("BEAT_SCHEDULE", "{}")),
        task_routes={f"{prefix}.*": {"queue": queue} for prefix, queue in QUEUES.items()},
        **more,
    )
    # RabbitMQ sorts by priority only in a queue that was declared so.
    urgent = [queue for name, queue in QUEUES.items() if name.startswith("urgent")]
    if urgent:
        made.conf.task_queues = [Queue(queue, routing_key=queue, max_priority=10) for queue in urgent]
    return made


app = make_app()
lists = Redis.from_url(os.environ["LISTS_URL"]) if "LISTS_URL" in os.environ else None


def leave_mark(request, into, value):
    mark = {"by": "py", "id": request.id, "value": value, "root": request.root_id, "parent": request.parent_id}
    lists.rpush(into, json.dumps(mark))


def wait_for(gate):
    if lists.blpop(gate, timeout=30) is None:
        raise RuntimeError(f"nobody opened {gate}")


@app.task(name="py.add")
def add(a, b):
    return a + b


@app.task(name="py.echo")
def echo(value):
    return value


@app.task(name="py.keywords")
def keywords(first, second="default", *, third=None):
    return [first, second, third]


@app.task(name="py.fail")
def fail(message):
    raise ValueError(message, 7)


@app.task(name="py.flaky", bind=True, max_retries=5)
def flaky(self, succeed_on):
    if self.request.retries < succeed_on:
        raise self.retry(countdown=0.1, exc=RuntimeError("not yet"))
    return self.request.retries


@app.task(name="py.hopeless", bind=True, max_retries=1)
def hopeless(self):
    raise self.retry(countdown=0, exc=RuntimeError("never"))


@app.task(name="py.progress", bind=True)
def progress(self, gate):
    self.update_state(state="PROGRESS", meta={"done": 3, "total": 10})
    wait_for(gate)
    return "done"


@app.task(name="py.where", bind=True)
def where(self):
    return {
        "hostname": self.request.hostname,
        "id": self.request.id,
        "root_id": self.request.root_id,
        "parent_id": self.request.parent_id,
        "headers": {k: v for k, v in vars(self.request).items() if k.startswith("x-own")},
        "priority": (self.request.delivery_info or {}).get("priority"),
        "at": time.time(),
    }


@app.task(name="py.spawn", bind=True)
def spawn(self, name):
    return app.send_task(name).id


@app.task(name="py.ignored", ignore_result=True, bind=True)
def ignored(self, into):
    leave_mark(self.request, into, "nobody sees this")
    return "nobody sees this"


@app.task(name="py.raise_ignore", bind=True)
def raise_ignore(self, into):
    leave_mark(self.request, into, "ignored")
    raise Ignore()


@app.task(name="py.reject_once", bind=True, acks_late=True)
def reject_once(self):
    if not self.request.delivery_info["redelivered"]:
        raise Reject("once more", requeue=True)
    return "second time"


@app.task(name="py.reject", bind=True, acks_late=True)
def reject(self, into):
    leave_mark(self.request, into, "rejected")
    raise Reject("no", requeue=False)


@app.task(name="py.patient")
def patient(gate):
    wait_for(gate)


@app.task(name="py.mark", bind=True)
def mark(self, value, *, into):
    leave_mark(self.request, into, value)
    return value


@app.task(name="both.work", bind=True)
def work(self, number, into):
    leave_mark(self.request, into, number)
    return "py"


@app.task(name="both.hold", bind=True, acks_late=True)
def hold(self, number, into, gate=None):
    leave_mark(self.request, into, number)
    if gate is not None and not self.request.delivery_info["redelivered"]:
        wait_for(gate)
    return "py"


@app.task(name="both.hand_over", bind=True, max_retries=3)
def hand_over(self, queue):
    if queue is not None:
        raise self.retry(args=[None], queue=queue, countdown=0)
    return ["py", self.request.id, self.request.retries, self.request.root_id]
