# One image for web, worker and beat; the agent has a small one of its own.
FROM python:3.13-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY requirements.lock ./
RUN python -m venv /venv && /venv/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml hatch_build.py README.md LICENSE NOTICE ./
COPY frontend frontend
COPY parts3d parts3d
COPY printer_agents printer_agents
# The build hook builds the front end with the Node of the lock.
RUN /venv/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /venv/bin/pip install --no-deps /wheel/*.whl \
    && cd / && /venv/bin/python -m parts3d.slicing.cura_install

FROM python:3.13-slim-trixie AS server
# pg_dump for backups (of the same version as the server), bubblewrap for the sandbox.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home parts3d \
    && install --directory --owner parts3d --group parts3d /data
COPY --from=build /venv /venv
COPY catalogue /catalogue
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=2 PARTS3D_DATA_DIR=/data
USER parts3d
WORKDIR /home/parts3d
# Compiled once, here, for any processor of this kind: otherwise each container's first promise
# would wait half a minute for it.
ENV NUMBA_CPU_NAME=generic
RUN python -m parts3d.promises.futures.compile_now
VOLUME /data
EXPOSE 8000
CMD ["parts3d", "serve", "--host", "0.0.0.0"]

# The base dependencies only, as on a Raspberry Pi in a shop.
FROM python:3.13-slim-trixie AS agent
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements-agent.lock /
COPY --from=build /wheel /wheel
RUN python -m venv /venv \
    && /venv/bin/pip install --require-hashes -r /requirements-agent.lock \
    && /venv/bin/pip install --no-deps /wheel/*.whl \
    && useradd --system --uid 10002 --create-home agent \
    && install --directory --owner agent --group agent /data /etc/parts3d-agent
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
USER agent
WORKDIR /home/agent
VOLUME /data
CMD ["parts3d-agent", "run", "--config", "/etc/parts3d-agent/agent.toml"]
