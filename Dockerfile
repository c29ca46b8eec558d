# The watchdog alone, installed from the lock, run by a user without rights.

FROM docker.io/library/python:3.11.16-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/watchdog
ENV PATH=/opt/watchdog/bin:$PATH
WORKDIR /src
# Dependencies first: this layer changes only with the lock.
COPY requirements.lock ./
RUN pip install --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md ./
COPY watchdog ./watchdog
RUN pip install --no-deps .

FROM docker.io/library/python:3.11.16-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/watchdog --shell /usr/sbin/nologin watchdog \
    && install -d -o watchdog /var/lib/watchdog
COPY --from=build /opt/watchdog /opt/watchdog
ENV PATH=/opt/watchdog/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    WATCHDOG_HTTP_HOST=0.0.0.0 \
    WATCHDOG_JOURNAL=/var/lib/watchdog/journal.sqlite
USER watchdog
WORKDIR /var/lib/watchdog
VOLUME /var/lib/watchdog
EXPOSE 9845
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9845/livez', timeout=3)"]
ENTRYPOINT ["watchdog"]
CMD ["run"]
