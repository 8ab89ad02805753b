# A desk in a container:  docker build -t openoutcry . && docker run -v openoutcry:/data -p 127.0.0.1:8089:8089 openoutcry
# settings.toml is looked for in the volume; `docker run -it -v openoutcry:/data openoutcry setup` writes one.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements requirements
RUN python -m venv /opt/openoutcry \
 && /opt/openoutcry/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/run.txt \
 && python -m venv /build \
 && /build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt \
 && /build/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements/scripts.txt
COPY . .
RUN /build/bin/python -m hatchling build -t wheel -d /dist \
 && /opt/openoutcry/bin/pip install --no-cache-dir --no-deps /dist/*.whl

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data openoutcry && install -d -o openoutcry -m 0700 /data
COPY --from=build /opt/openoutcry /opt/openoutcry
# Beyond the container's own loopback, and no further than the address that -p publishes it on: keep that 127.0.0.1.
ENV PATH=/opt/openoutcry/bin:$PATH OPENOUTCRY_SERVER__HOST=0.0.0.0 OPENOUTCRY_SERVER__TLS_IN_FRONT=true
USER openoutcry
WORKDIR /data
VOLUME /data
EXPOSE 8089
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=60s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8089/livez')"]
ENTRYPOINT ["openoutcry"]
CMD ["run", "--settings", "/data/settings.toml"]
