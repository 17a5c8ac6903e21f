"""What an endpoint does in use: figures, quality, drift; and how long its log is kept."""
