"""A server for exported models that needs nothing of Lepton: this folder goes into each bundle."""
