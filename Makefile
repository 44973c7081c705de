# SPDX-License-Identifier: BSD-3-Clause
# A thin front door; the build itself is Meson's.
BUILD ?= build
PREFIX ?= /usr/local
VENV ?=
# Not what the build tool guesses: on Debian the loader and pkg-config look here for root's own.
LIBDIR ?= lib
.DEFAULT_GOAL := build
.PHONY: setup-build build demo test check bench python docs install dist deb clean help

# CI builds with warnings as errors; a user's newer compiler must not stop at its new warnings.
WERROR := $(if $(filter true 1,$(CI)),true,false)

AS_OWNER := sh tools/as_owner.sh $(BUILD)
SELF := $(MAKE) # under another name: a line with the usual one runs under `make -n` too

help:
	@echo "make build    build/kinising, optimised (installs what is missing)"
	@echo "make demo     the order-disorder transition: a table and a picture"
	@echo "make test     the whole test suite; make check: its quick part"
	@echo "make bench    speed figures as JSON;  make python: the Python package,"
	@echo "              importable without settings; VENV=folder: in a virtual environment"
	@echo "make docs     the manual, build/manual/html;  make install PREFIX=/usr/local"
	@echo "make dist     dist/kinising-VERSION.tar.gz, the same bytes from the same commit;"
	@echo "make deb      Debian packages, in dist"

setup-build:
	@sh tools/setup.sh build

build: setup-build
	@test -f $(BUILD)/build.ninja || { said=$$($(AS_OWNER) meson setup $(BUILD) --prefix="$(PREFIX)" --libdir="$(LIBDIR)" -Dtests=false 2>&1) || { echo "$$said"; exit 1; }; }
	@$(AS_OWNER) ninja -C $(BUILD) --quiet
	@echo "built $(BUILD)/kinising"

demo: build
	@sh tools/demo.sh $(BUILD)

test:
	@sh tools/setup.sh test
	@python3 tools/run_tests.py --suite full --werror=$(WERROR)

check:
	@sh tools/setup.sh test
	@python3 tools/run_tests.py --suite quick --werror=$(WERROR)

bench: build
	@sh tools/setup.sh python
	@/usr/bin/python3 bench/theory.py $(BUILD)
	@/usr/bin/python3 bench/simulate.py $(BUILD)
	@$(BUILD)/bench/bench_replicas
	@/usr/bin/python3 bench/meanfield.py $(BUILD)
	@/usr/bin/python3 bench/fit.py $(BUILD)
	@/usr/bin/python3 bench/package.py $(BUILD)
	@/usr/bin/python3 bench/evidence.py $(BUILD)
	@/usr/bin/python3 bench/entropy.py $(BUILD)

python:
	@sh tools/setup.sh python
	@$(AS_OWNER) sh tools/python.sh $(BUILD)-python "$(VENV)"

docs: build
	@sh tools/setup.sh docs
	@python3 tools/check_docs.py
	@python3 tools/check_layers.py
	@python3 tools/check_circles.py
	@python3 tools/check_tags.py
	@$(AS_OWNER) /usr/bin/python3 docs/manual/build.py $(BUILD)/kinising $(BUILD)/manual

install:
	@sh tools/install.sh $(BUILD) "$(PREFIX)" "$(LIBDIR)" $(SELF)

dist:
	@$(AS_OWNER) sh tools/dist.sh dist

deb:
	@sh tools/setup.sh deb
	@$(AS_OWNER) sh tools/deb.sh dist

clean:
	rm -rf $(BUILD) build-* demo dist venv .mesonpy-native-file.ini python/kinising/_lib.abi3.so
