# Times the reference implementation of the engine: how many evidence documents a second it evaluates, and what it says.
# python3 timeReference.py REFERENCE.py < {"documents": [...], "seconds": 3} > {"perSecond": ..., "results": [...]}
import importlib.util
import json
import sys
import time

spec = importlib.util.spec_from_file_location("reference", sys.argv[1])
reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reference)

asked = json.load(sys.stdin)
documents = asked["documents"]
results = [reference.evaluate(document) for document in documents]
count, start = 0, time.perf_counter()
while count == 0 or time.perf_counter() - start < asked["seconds"]:
    for document in documents:
        reference.evaluate(document)
    count += len(documents)
json.dump({"perSecond": count / (time.perf_counter() - start), "results": results}, sys.stdout)
