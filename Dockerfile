# One image for web, workers and data plane; PostgreSQL and Redis are other containers.
FROM python:3.11-slim

RUN useradd --system --create-home --uid 10001 lepton
WORKDIR /app

COPY requirements.txt constraints.txt ./
# A build for GPUs: docker build --build-arg TORCH_INDEX=https://pypi.org/simple .
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --no-cache-dir --index-url "$TORCH_INDEX" "torch==$(sed -n 's/^torch==//p' requirements.txt)" \
 && pip install --no-cache-dir -r requirements.txt -c constraints.txt

COPY . .
RUN LEPTON_SECRET_KEY=build-only LEPTON_HOME=/tmp/build python manage.py collectstatic --no-input -v 0 \
 && install -d -o lepton -g lepton /data

USER lepton
ENV LEPTON_HOME=/data LEPTON_HOST=0.0.0.0 PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8000 8001
CMD ["python", "manage.py", "up"]
