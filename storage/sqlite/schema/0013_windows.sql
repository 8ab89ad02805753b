-- PostgreSQL's alone: there several processes take alerts in, here it is one, which remembers.
SELECT 1;
