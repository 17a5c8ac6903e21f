"""What training costs, beside a plain PyTorch loop in the same run."""
