"""Python's Celery as the processes of a benchmark use it: the app of a worker, and by itself a client of one role.

What it is told stands as JSON in its environment, and what it tells is one line: see ../order.ts. As Celery's documentation
advises for many short tasks: prefork, one child for each CPU, many messages taken ahead, no rate limits, no gossip, no mingle.
"""
import json
import os
import sys
import threading
import time
from multiprocessing import Lock
from multiprocessing.sharedctypes import RawArray

from celery import Celery, chain, chord, group
from celery.signals import worker_ready

order = json.loads(os.environ["BENCH_ORDER"])
warm_up, count, mode = order["warmUp"], order["count"], order["mode"]

app = Celery("bench", broker=order["broker"], backend=order["backend"])
app.conf.update(
    task_default_queue=order["queue"],
    task_acks_late=mode != "early",
    task_ignore_result=mode != "stored",
    task_store_errors_even_if_ignored=False,
    worker_prefetch_multiplier=64,
    worker_disable_rate_limits=True,
    worker_hijack_root_logger=False,
    worker_send_task_events=order["extra"] == "events",
    result_expires=300,
    result_chord_join_timeout=600,
)
# With RabbitMQ a client confirms what it publishes, so that its promise is the one of the others.
if order["broker"].startswith("amqp"):
    app.conf.broker_transport_options = {"confirm_publish": True}

# Shared by the children: tasks done, and when the first and the last measured one were. The clock is one for all processes.
DONE, STARTED, ENDED = 0, 1, 2
shared, lock = RawArray("d", 3), Lock()


def tick():
    with lock:
        shared[DONE] += 1
        if shared[DONE] == warm_up:
            shared[STARTED] = time.monotonic()
        elif shared[DONE] == warm_up + count:
            shared[ENDED] = time.monotonic()


def tell(word, what):
    sys.__stdout__.write(f"@bench {json.dumps({word: what})}\n")
    sys.__stdout__.flush()


@worker_ready.connect
def tell_when_done(**_):
    tell("ready", True)

    def wait():
        while shared[ENDED] == 0:
            time.sleep(0.002)
        tell("sample", {"per second": count / (shared[ENDED] - shared[STARTED]) if shared[STARTED] else 0})

    threading.Thread(target=wait, daemon=True).start()


@app.task(name="bench.noop")
def noop(*args):
    tick()
    return len(args)


@app.task(name="bench.burn")
def burn(_loops):
    """As much CPU time as the loops take in Node: a loop of this machine's own Python, so many rounds a millisecond."""
    total = 0
    for index in range(int(order["taskMs"] * LOOPS_PER_MS)):
        total = (total * 31 + index) % 1_000_003
    tick()
    return total


@app.task(name="bench.inc")
def inc(value):
    return value + 1


@app.task(name="bench.total")
def total(values):
    return len(values)


@app.task(name="bench.later")
def later():
    return None


def loops_per_ms():
    def once():
        started, value = time.perf_counter(), 0
        for index in range(100_000):
            value = (value * 31 + index) % 1_000_003
        return time.perf_counter() - started

    return 100_000 / (min(once() for _ in range(20)) * 1000)


LOOPS_PER_MS = loops_per_ms() if order["taskMs"] > 0 else 0


def arguments():
    return [2, 3] if order["payloadBytes"] == 0 else ["x" * order["payloadBytes"]]


def rate(size, work):
    started = time.perf_counter()
    work()
    return size / (time.perf_counter() - started)


def publish():
    """Celery's client sends one after the other; as many threads as are told send side by side."""
    args = arguments()

    def several(size):
        for _ in range(size):
            noop.apply_async(args, ignore_result=mode != "stored")

    def all_threads(size):
        width = min(order["width"], 8)
        threads = [threading.Thread(target=several, args=(size // width,)) for _ in range(width)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    send = several if order["width"] == 1 else all_threads
    send(warm_up)
    tell("sample", {"per second": rate(count, lambda: send(count))})


def call():
    args, latencies = arguments(), []
    for _ in range(warm_up):
        noop.apply_async(args).get(timeout=60)
    tell("ready", True)
    for _ in range(count):
        started = time.perf_counter()
        noop.apply_async(args).get(timeout=60)
        latencies.append((time.perf_counter() - started) * 1000)
        if order["pace"] > 0:
            time.sleep(1 / order["pace"])
    latencies.sort()
    at = lambda part: latencies[min(count - 1, int(count * part))]  # noqa: E731
    tell("sample", {"ms p50": at(0.5), "ms p99": at(0.99)})


def canvas(size):
    if order["flow"] == "chain":
        return chain(inc.s(0), *[inc.s() for _ in range(size - 1)])
    header = [inc.s(index) for index in range(size)]
    return group(header) if order["flow"] == "group" else chord(header, total.s())


def flow():
    sys.setrecursionlimit(100_000)
    canvas(warm_up).apply_async().get(timeout=600)
    built = canvas(count)
    tell("sample", {"per second": rate(count, lambda: built.apply_async().get(timeout=900))})


def flood():
    def send():
        for _ in range(count):
            later.apply_async(countdown=3600)

    tell("sample", {"per second": rate(count, send)})


if __name__ == "__main__":
    {"publish": publish, "call": call, "flow": flow, "flood": flood}[order["role"]]()
