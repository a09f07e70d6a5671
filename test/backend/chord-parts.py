"""Counts parts of a chord as a Celery worker does. Arguments: URL, group id, JSON list of [id, index, state, result]."""

import json
import sys

from celery import Celery
from celery.app.task import Context

url, group, parts = sys.argv[1:]
app = Celery("parts", broker="memory://", backend=url)
body = {"task": "sums.add", "args": [], "kwargs": {}, "options": {"task_id": "body"}, "immutable": False}
for task_id, index, state, result in json.loads(parts):
    request = Context(id=task_id, group=group, group_index=index, chord=body)
    app.backend.on_chord_part_return(request, state, ValueError(*result) if state == "FAILURE" else result)
