# One image for web, workers and data plane; PostgreSQL and Redis are other containers.
FROM python:3.11-slim

RUN useradd --system --create-home --uid 10001 lepton
WORKDIR /app

COPY requirements.txt constraints.txt ./
# torch's CPU build is taken where the index offers one, else the one with CUDA (several GB).
# Name an index that has it: docker build --build-arg PIP_ARGS="--extra-index-url …" .
ARG PIP_ARGS=""
RUN torch="torch==$(sed -n 's/^torch==//p' requirements.txt)" \
 && { pip install --no-cache-dir $PIP_ARGS "$torch+cpu" || pip install --no-cache-dir $PIP_ARGS "$torch"; } \
 && pip install --no-cache-dir $PIP_ARGS -r requirements.txt -c constraints.txt

COPY . .
RUN LEPTON_SECRET_KEY=build-only LEPTON_HOME=/tmp/build python manage.py collectstatic --no-input -v 0 \
 && install -d -o lepton -g lepton /data

USER lepton
ENV LEPTON_HOME=/data LEPTON_HOST=0.0.0.0 PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8000 8001
CMD ["python", "manage.py", "up"]
