"""Mail: queued with the change it tells of, sent by a worker, to a folder or by SMTP."""
