# The one door: `make` lists what there is.

HOST_PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
TORCH := $(shell sed -n 's/^torch==//p' requirements.txt)
CPU_ONLY := $(if $(shell command -v nvidia-smi),,yes)
# Two cores gain from two processes; more would only share the same disk and database.
TEST_PROCESSES ?= 2

.PHONY: help demo run test lint browser translations doctor reset
.DEFAULT_GOAL := help

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "make %-12s %s\n", $$1, $$2}'

demo: $(READY)  ## set up, play two engagements, serve the site (DATA=folder or zip, WEIGHTS=folder)
	$(PYTHON) manage.py demo $(if $(DATA),--data "$(DATA)") $(if $(WEIGHTS),--weights "$(WEIGHTS)")

run: $(READY)  ## serve the site with all its processes
	$(PYTHON) manage.py up

test: $(READY)  ## run the tests (TESTS=path for a few of them)
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest -n $(TEST_PROCESSES) --no-loadscope-reorder $(TESTS)

lint: $(READY)  ## check style, import direction, settings, migrations and the API schema
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	$(PYTHON) manage.py check --fail-level WARNING
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PYTHON) manage.py spectacular --validate --fail-on-warn --file /dev/null

browser: $(READY)  ## get a Chromium for the browser tests, where none is found
	@if command -v chromium chromium-browser google-chrome >/dev/null \
	  || ls -d "$${PLAYWRIGHT_BROWSERS_PATH:-$$HOME/.cache/ms-playwright}"/chromium* >/dev/null 2>&1; then \
	  echo "A Chromium is there."; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -q && apt-get install -qy --no-install-recommends chromium; then \
	  echo "Installed Debian's chromium."; \
	else \
	  $(PYTHON) -m playwright install chromium; \
	fi

translations: $(READY)  ## collect the site's words and compile what is translated (needs GNU gettext)
	$(PYTHON) manage.py makemessages -l zh_Hans --add-location file --no-wrap --no-obsolete \
	  -i .venv -i tests -i benchmarks -i staticfiles
	$(PYTHON) manage.py compilemessages -l zh_Hans -i .venv

doctor: $(READY)  ## say what is missing or misconfigured, and how to mend it
	$(PYTHON) manage.py doctor

reset:  ## delete this installation's data, database included (asks; FORCE=1 does not)
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m lepton.embedded reset $(if $(FORCE),--force); \
	else echo "There is no $(VENV), so nothing was ever started here."; fi

# Made once, and again when what is required changes. A host without an NVIDIA GPU gets torch's
# CPU build where the configured index offers it; ten times smaller than the one with CUDA.
$(READY): requirements.txt requirements-dev.txt constraints.txt
	@[ -n "$(HOST_PYTHON)" ] && "$(HOST_PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Lepton needs Python 3.11 or newer. Install it, or say HOST_PYTHON=/path/to/python3.11."; exit 1; }
	@[ -x $(PYTHON) ] || "$(HOST_PYTHON)" -m venv $(VENV) \
	  || { echo "Python's venv module is missing (Debian: apt-get install python3-venv)."; exit 1; }
	@$(PYTHON) -c 'from importlib.metadata import version as v; import sys; sys.exit(v("torch").split("+")[0] != "$(TORCH)")' 2>/dev/null \
	  || { [ -n "$(CPU_ONLY)" ] && $(PYTHON) -m pip install -q -c constraints.txt "torch==$(TORCH)+cpu" 2>/dev/null; } \
	  || $(PYTHON) -m pip install -q -c constraints.txt "torch==$(TORCH)"
	$(PYTHON) -m pip install -q -r requirements-dev.txt -c constraints.txt
	@touch $(READY)
