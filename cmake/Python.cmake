# filled in by python/
