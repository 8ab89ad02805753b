-- Several processes take alerts in: the windows of equal bodies (core/services/resends.py), found by what is in them.
CREATE INDEX alerts_by_body ON alerts (split_part(dedupe_key, '@', 2)) WHERE strpos(dedupe_key, '@') > 0;
