"""libsolv through Python: reads a store as JSON, solves for every version, and tells verdicts and time as JSON.

Each range is a name of its own that the versions in range provide: reading ranges is no part of what is timed.
"""

import json
import sys
import time

import solv

store = json.load(sys.stdin)
pool = solv.Pool()
pool.setdisttype(solv.Pool.DISTTYPE_RPM)
pool.setarch("x86_64")
repo = pool.add_repo("store")
solvables = []
for package in store:
    solvable = repo.add_solvable()
    solvable.name = package["name"]
    solvable.evr = package["version"] + "-1"
    solvable.arch = "noarch"
    # By its own name it stands in the way of other versions.
    own = pool.rel2id(solvable.nameid, solvable.evrid, solv.REL_EQ)
    solvable.add_deparray(solv.SOLVABLE_PROVIDES, own)
    for name in package["provides"]:
        solvable.add_deparray(solv.SOLVABLE_PROVIDES, pool.str2id(name))
    for name in package["requires"]:
        solvable.add_deparray(solv.SOLVABLE_REQUIRES, pool.str2id(name))
    solvables.append(solvable)
repo.internalize()
pool.createwhatprovides()

verdicts = []
began = time.perf_counter()
for solvable in solvables:
    job = pool.Job(solv.Job.SOLVER_INSTALL | solv.Job.SOLVER_SOLVABLE, solvable.id)
    verdicts.append(not pool.Solver().solve([job]))
taken = time.perf_counter() - began
print(json.dumps({"verdicts": verdicts, "ms": 1000 * taken}))
