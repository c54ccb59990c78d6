# The two commands that matter: make book, make test. `make` alone lists all.
#
# Make's timestamps alone decide what is stale. Python does the steps
# (book/install.py, book/build.py), so they work without make too.
#
# Variables: PYTHON=python3.12  the Python that makes .venv
#            CPU=1 or CPU=0     PyTorch's CPU build, or the one with CUDA; where
#                               not given, the machine decides
#            PORT=8000          where `make serve` and `make hub` listen
#            HUB=_build/hub     where `make hub` keeps what it makes, homes too
#            ACCOUNTS=one       `make hub`: one Unix user for all students;
#                               own: one for each, which only root can give
#            STUDENTS=10        how many `make hub-check` simulates
#            NAME=04_trial      the chapter that `make chapter` starts
#            CORES=1            runs one notebook at a time, and not two
#            PAPER=letter       the paper of `make pdf`; A4 where not given
#            SYSTEMS="linux linux-arm64 macos windows", PYTHONS="3.11 3.12",
#            DATA=yes           what `make kit` is for: this machine where not
#                               given; and your copy of the data, on their terms

PYTHON ?= python3
PORT ?= 8000
PAPER ?= A4
HUB ?= _build/hub
STUDENTS ?= 10
CPU ?=
CPU_OR_NOT = $(if $(CPU),$(if $(filter 0,$(CPU)),--no-cpu,--cpu))
PY := .venv/bin/python
HUB_PY := .venv-hub/bin/python
BENCH_PY := benchmarks/.venv/bin/python
LIBRECOMMENDER_PY := benchmarks/.venv-librecommender/bin/python
RECBOLE_PY := benchmarks/.venv-recbole/bin/python
RUNS := _build/executed
SCRIPTS := _build/scripts/films.js
LIBRARY := $(wildcard recslib/*.py recslib/*/*.py)

# From the last to the first, which is the shortest: at the end, nothing long is
# to be left for one core alone.
NOTEBOOKS := $(shell ls -r notebooks/*.ipynb 2> /dev/null)
EXECUTED := $(NOTEBOOKS:notebooks/%=$(RUNS)/%)
COMPARED := $(NOTEBOOKS:notebooks/%=compare-%)
PAGES := _config.yml _toc.yml \
	$(shell find book -type f ! -name '*.pyc') \
	$(wildcard benchmarks/results/*.json)

# One thread each, so that two side by side do not slow each other down.
export OMP_NUM_THREADS := 1
# Hundreds of Pythons start here. Where they may not keep what they compile, as
# in many containers, each of them compiles all of PyTorch anew.
unexport PYTHONDONTWRITEBYTECODE

NO_PYTHON = Python 3.11 or newer is needed, and there is no '$(PYTHON)'. \
	Install one (python.org, or your system's package manager) and name \
	it: make PYTHON=python3.12 book

NO_LIBRECOMMENDER = LibRecommender could not be installed, so the benchmark \
	leaves it out. It needs Python 3.11 (make PYTHON=python3.11 bench).
NO_RECBOLE = RecBole could not be installed, so the benchmark leaves it out. \
	It needs Python 3.11 (make PYTHON=python3.11 bench).

# Where no -j was given, two notebooks run side by side if there are two cores.
# Only in a recipe does MAKEFLAGS tell whether one was: so make calls itself.
CORES = $(shell getconf _NPROCESSORS_ONLN 2> /dev/null || echo 1)
TWO_AT_A_TIME = $(if $(filter-out 1,$(CORES)),-j2)
SIDE_BY_SIDE = --no-print-directory \
	$(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,$(TWO_AT_A_TIME))

# These share a kernel for each chapter, so one process runs them all: beside
# the last notebook and Sphinx, which leave a core.
BESIDE_BOOK := tests/notebooks/test_edits.py \
	tests/notebooks/test_quick_runs.py tests/notebooks/test_run_again.py
# These look at what `make book` leaves in _build.
AFTER_BOOK := tests/book tests/notebooks/test_executed.py

.PHONY: help setup data executed built book test again compared short \
	$(COMPARED) test-quick lab serve pdf notebooks numbers results readme \
	classroom kit kit-check doctor hub hub-check chapter pins address \
	bench-setup bench seeds clean
.DELETE_ON_ERROR:

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' \
		Makefile

setup: .venv/installed  ## make .venv and install requirements.txt into it

.venv/installed: requirements.txt
	@command -v $(PYTHON) > /dev/null || { echo "$(NO_PYTHON)" >&2; exit 1; }
	@$(PYTHON) book/install.py $(CPU_OR_NOT)

# Notebooks load the data by themselves: this only brings it before they
# start, so that they do not start by waiting for each other.
data: _build/data-100k
_build/data-100k: | .venv/installed
	@$(PY) -m recslib.movielens 100k
	@mkdir -p _build
	@touch $@

# The two that make calls itself for.
executed: $(EXECUTED)
	@:
built: _build/html/index.html
	@:

$(RUNS)/%.ipynb: notebooks/%.ipynb $(LIBRARY) \
		.venv/installed | _build/data-100k
	@$(PY) book/build.py execute $<

# What the rating page and the map need of the models: no notebook makes it.
$(SCRIPTS): $(LIBRARY) .venv/installed | _build/data-100k
	@RECSLIB_PROGRESS=off $(PY) book/build.py scripts
	@touch $@

_build/html/index.html: $(EXECUTED) $(SCRIPTS) $(PAGES) | .venv/installed
	@$(PY) book/build.py html

book:  ## run the notebooks and build the HTML book
	@+$(MAKE) $(SIDE_BY_SIDE) built
	@echo "The book: $(CURDIR)/_build/html/index.html"
	@echo "Open that file in a browser, or run: make serve"

# Both environments at once: pip waits for the network, and uses one core.
test:  ## everything that CI runs
	@+$(MAKE) $(SIDE_BY_SIDE) .venv/installed .venv-hub/installed \
		_build/data-100k
	$(PY) -m ruff check .
	$(PY) -m pytest -n2 --dist loadgroup tests \
		$(BESIDE_BOOK:%=--ignore=%) $(AFTER_BOOK:%=--ignore=%)
	@+$(MAKE) $(SIDE_BY_SIDE) built again compared
	$(PY) -m pytest -n2 --dist loadfile $(AFTER_BOOK)

again: .venv/installed
	$(PY) -m pytest -n1 --dist loadgroup $(BESIDE_BOOK)

# What nbval compares, in short copies.
compared: $(COMPARED)
	@:
short: .venv/installed
	$(PY) book/build.py short
$(COMPARED): compare-%: short
	RECSLIB_PROGRESS=off $(PY) -m pytest --nbval --nbval-current-env \
		--nbval-cell-timeout 600 \
		--nbval-sanitize-with tests/notebooks/sanitize.cfg _build/short/$*

test-quick: .venv/installed  ## the fast tests alone, in under a minute
	$(PY) -m pytest -n2 -m "not slow and not network and not data" \
		tests $(AFTER_BOOK:%=--ignore=%)

lab: .venv/installed _build/data-100k  ## JupyterLab in notebooks/
	cd notebooks && ../$(PY) -m jupyterlab

serve: book  ## the built book on localhost
	@echo "http://localhost:$(PORT) (Ctrl-C stops it)"
	@$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

pdf:  ## the built book as one PDF, for paper
	@+$(MAKE) $(SIDE_BY_SIDE) built
	@$(PY) book/build.py pdf --paper $(PAPER)

notebooks: .venv/installed  ## run all and refresh outputs and numbers
	@rm -f $(EXECUTED)
	@+$(MAKE) $(SIDE_BY_SIDE) executed
	@$(PY) book/build.py refresh

numbers: .venv/installed  ## renew numbers and references in the text
	@$(PY) book/build.py numbers

results:  ## print every number of the chapters, and write it to a file
	@+$(MAKE) $(SIDE_BY_SIDE) executed
	@$(PY) book/build.py results

readme: .venv/installed  ## fill README's tables from the committed notebooks
	@$(PY) book/build.py readme

# From the last run where there is one, else from the committed outputs.
classroom: .venv/installed  ## editions and labs, into _build/classroom
	@$(PY) book/build.py classroom

kit: .venv/installed  ## what installs and runs in a room without a network
	@$(PY) book/build.py kit $(if $(SYSTEMS),--systems $(SYSTEMS)) \
		$(if $(PYTHONS),--pythons $(PYTHONS)) \
		$(if $(filter yes,$(DATA)),--with-data)

kit-check: .venv/installed  ## install that kit and run a lab, network cut
	@$(PY) book/build.py kitcheck

# As it is where make does not start Jupyter: threads are part of the question.
doctor:  ## say whether this machine is ready for class, and what to do
	@env -u OMP_NUM_THREADS $(if $(wildcard $(PY)),$(PY),$(PYTHON)) \
		book/doctor.py

hub: classroom .venv-hub/installed  ## a JupyterHub for a class, on 127.0.0.1
	@$(PY) book/build.py hub $(HUB_FLAGS)

hub-check: classroom .venv-hub/installed  ## ten simulated students on a hub
	@$(PY) book/build.py hub $(HUB_FLAGS) --students $(STUDENTS)

HUB_FLAGS = --folder $(HUB) --port $(PORT) \
	$(if $(ACCOUNTS),--accounts $(ACCOUNTS))

.venv-hub/installed: book/classroom/hub/requirements.txt
	$(call bench_venv,$(HUB_PY))

chapter: .venv/installed _build/data-100k  ## start a chapter: NAME=04_trial
	@$(PY) book/build.py chapter '$(NAME)'

# Not after .venv/installed: pins that do not fit could never be mended.
pins:  ## settle requirements.txt; UPGRADE=name moves a pin, UPGRADE=1 all
	@[ -x $(PY) ] || $(MAKE) --no-print-directory setup
	@$(PY) book/build.py pins $(if $(FILE),--file $(FILE)) \
		$(if $(UPGRADE),--upgrade $(UPGRADE))

address: .venv/installed  ## tell the notebooks the repository's address
	@$(PY) book/build.py address

# LibRecommender's TensorFlow and RecBole need a numpy that the other peers do
# not take, and cannot be installed everywhere: the benchmark also runs without.
bench-setup: benchmarks/.venv/installed  ## make the peers' environments
	@+$(MAKE) --no-print-directory benchmarks/.venv-librecommender/installed \
		|| echo "$(NO_LIBRECOMMENDER)" >&2
	@+$(MAKE) --no-print-directory benchmarks/.venv-recbole/installed \
		|| echo "$(NO_RECBOLE)" >&2

benchmarks/.venv/installed: benchmarks/requirements.txt
	$(call bench_venv,$(BENCH_PY))

benchmarks/.venv-librecommender/installed: \
		benchmarks/requirements-librecommender.txt
	$(call bench_venv,$(LIBRECOMMENDER_PY))

benchmarks/.venv-recbole/installed: benchmarks/requirements-recbole.txt
	$(call bench_venv,$(RECBOLE_PY))

define bench_venv
	@command -v $(PYTHON) > /dev/null || { echo "$(NO_PYTHON)" >&2; exit 1; }
	@$(PYTHON) -m venv $(@D)
	@$(1) -m pip install --requirement $< \
		$(if $(findstring --cpu,$(CPU_OR_NOT)),--extra-index-url \
		https://download.pytorch.org/whl/cpu)
	@touch $@
endef

bench: bench-setup .venv/installed  ## fit the peers and ours, write the results
	@$(BENCH_PY) -m benchmarks.folds
	@$(BENCH_PY) -m benchmarks.sequences
	@$(BENCH_PY) -m benchmarks.growth
	@$(BENCH_PY) -m benchmarks.processes
	@$(BENCH_PY) -m benchmarks.scales
	@$(BENCH_PY) -m benchmarks.list_choices
	@$(BENCH_PY) -m benchmarks.lists
	@$(BENCH_PY) -m benchmarks.list_growth
	@$(PY) -m benchmarks.nested
	@$(PY) book/build.py readme

seeds: .venv/installed  ## fit ours with five seeds each, write the results
	@$(PY) -m benchmarks.seeds

# A hub's cache is read-only.
clean:  ## remove what was built; .venv and the data stay
	@[ ! -d _build ] || chmod -R u+w _build
	rm -rf _build .pytest_cache .ruff_cache .hypothesis
