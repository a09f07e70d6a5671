"""Python's side of the canvas interop tests: tasks `wf.*`, as ../workflow.tasks.ts has them, and a client on stdin.

Every fleet has a default queue of its own, so that what a worker sends on stays in the fleet.
"""
import json
import os
import sys
import time

from celery import Celery, chain, chord, group
from celery.canvas import xmap, xstarmap
from celery.result import GroupResult, result_from_tuple
from redis import Redis

app = Celery("workflows", broker=os.environ["BROKER_URL"], backend=os.environ["RESULT_BACKEND"])
app.conf.update(
    task_default_queue=os.environ["FLEET_QUEUE"],
    worker_hijack_root_logger=False,
    result_chord_join_timeout=20,
    worker_prefetch_multiplier=int(os.environ.get("PREFETCH", "4")),
    broker_transport_options=({"max_retries": 3} if os.environ["BROKER_URL"].startswith("amqp") else {}),
)
lists = Redis.from_url(os.environ["LISTS_URL"])


def flat(value):
    return [each for one in value for each in flat(one)] if isinstance(value, list) else [value]


@app.task(name="wf.add")
def add(a, b):
    return a + b


@app.task(name="wf.mul")
def mul(a, b):
    return a * b


@app.task(name="wf.inc")
def inc(a):
    return a + 1


@app.task(name="wf.kw")
def kw(a, b=10):
    return a + b


@app.task(name="wf.ident")
def ident(value):
    return value


@app.task(name="wf.total")
def total(values):
    return sum(flat(values))


@app.task(name="wf.count")
def count(values, more):
    return len(values) + more


@app.task(name="wf.boom")
def boom(*args):
    raise ValueError("boom")


@app.task(name="wf.flaky", bind=True, max_retries=5)
def flaky(self, succeed_on):
    if self.request.retries < succeed_on:
        raise self.retry(countdown=0.05, exc=RuntimeError("not yet"))
    return self.request.retries


@app.task(name="wf.note")
def note(value, text, into):
    lists.rpush(into, f"{value} {text}")


@app.task(name="wf.failed")
def failed(task_id, *, text, into):
    lists.rpush(into, f"{task_id} {text}")


@app.task(name="wf.refused")
def refused(request, exc, traceback, *, text, into):
    """Celery's newer kind of error callback: called by the worker on which the task failed."""
    lists.rpush(into, f"{request.id} {type(exc).__name__} {text}")


@app.task(name="wf.swap", bind=True)
def swap(self, value, how):
    return self.replace(SWAPS[how](value))


SWAPS = {
    "task": lambda value: inc.s(value),
    "chain": lambda value: chain(inc.s(value), inc.s()),
    "group": lambda value: group(inc.s(value), inc.s(value + 10)),
    "chord": lambda value: chord([inc.s(value), inc.s(value + 10)], total.s()),
    "again": lambda value: swap.s(value + 1, "chain"),
    "boom": lambda value: boom.s(value),
}


@app.task(name="wf.spawn")
def spawn(value):
    inc.delay(value)
    chain(inc.s(value + 10), inc.s()).delay()
    group(inc.s(value + 20), inc.s(value + 30)).delay()
    return value


def build(node, notes):
    each = lambda nodes: [build(one, notes) for one in nodes]  # noqa: E731
    if "chain" in node:
        made = chain(*each(node["chain"]))
    elif "group" in node:
        made = group(each(node["group"]))
    elif "chord" in node:
        made = chord(each(node["chord"][0]), build(node["chord"][1], notes))
    elif "map" in node:
        made = xmap(app.tasks[f"wf.{node['map'][0]}"].s(), node["map"][1], app=app)
    elif "starmap" in node:
        made = xstarmap(app.tasks[f"wf.{node['starmap'][0]}"].s(), node["starmap"][1], app=app)
    elif "chunks" in node:
        task, items, n = node["chunks"]
        made = app.tasks[f"wf.{task}"].chunks(items, n).group()
    else:
        args = [notes if one == "$NOTES" else one for one in node.get("a", [])]
        kwargs = {key: notes if one == "$NOTES" else one for key, one in node.get("k", {}).items()}
        made = app.signature(f"wf.{node['t']}", args, kwargs, immutable=node.get("i", False))
    if "o" in node:
        side = f"{os.environ['FLEET_QUEUE']}-side"
        made.set(**{key: side if one == "$SIDE" else one for key, one in node["o"].items()})
    for link in node.get("link", []):
        made.link(build(link, notes))
    for errback in node.get("err", []):
        made.link_error(build(errback, notes))
    return made


def value_of(result, timeout):
    if isinstance(result, GroupResult):
        return [value_of(one, timeout) for one in result.results]
    # Its own result: a parent's failure would be raised instead.
    value = result.get(timeout=timeout, propagate=False)
    # By its arguments, which are what is stored: str() of a KeyError puts its text into quotes.
    return f"error:{type(value).__name__}: {', '.join(map(str, value.args))}" if isinstance(value, Exception) else value


def send(canvas, notes, args=(), kwargs=None):
    return {"tuple": build(canvas, notes).apply_async(tuple(args), kwargs or {}).as_tuple()}


def value(tuple, timeout=20):
    return {"value": value_of(result_from_tuple(tuple, app=app), timeout)}


def restore(id):
    """Reads a group that somebody saved."""
    return {"value": GroupResult.restore(id, app=app).get(timeout=20)}


def save(canvas):
    result = build(canvas, "").apply_async()
    result.save()
    return {"id": result.id}


def bench(kind, size):
    """Seconds from sending to having the result."""
    sys.setrecursionlimit(100_000)
    if kind == "chain":
        canvas = chain(inc.s(0), *[inc.s() for _ in range(size - 1)])
    else:
        header = [inc.s(index) for index in range(size)]
        canvas = group(header) if kind == "group" else chord(header, total.s())
    started = time.perf_counter()
    canvas.apply_async().get(timeout=600)
    return {"seconds": time.perf_counter() - started}


OPERATIONS = {each.__name__: each for each in (send, value, restore, save, bench)}

if __name__ == "__main__":
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = OPERATIONS[request.pop("op")](**request)
        except Exception as error:
            answer = {"driver_error": repr(error)}
        print(json.dumps(answer, default=repr), flush=True)
