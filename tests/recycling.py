"""Databases on PostgreSQL that tests use one after another: what a test did to its own is taken back.

To copy a database and to drop it costs the server more than most tests do. So a copy keeps what was in its template in
a schema of its own (`original`), which nothing of the product looks at, and is put back from it. Whoever changed tables
themselves, and not their rows, leaves a copy that is dropped.
"""

from __future__ import annotations

import psycopg

from tests.postgres import Server

_KEEP = """
DO $$
DECLARE name text;
BEGIN
    CREATE SCHEMA original;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('CREATE TABLE original.%1$I AS TABLE public.%1$I', name);
    END LOOP;
    CREATE TABLE original.kept_sequence AS
        SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public';
END $$
"""

_PUT_BACK = """
DO $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;  -- rows go and come in any order: no foreign key is looked at
    SET LOCAL lock_timeout = '10s';
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM public.%1$I', name);
        EXECUTE format('INSERT INTO public.%1$I SELECT * FROM original.%1$I', name);
    END LOOP;
    PERFORM setval(format('public.%I', sequencename)::regclass, coalesce(last_value, 1), last_value IS NOT NULL)
        FROM original.kept_sequence;
END $$
"""

_OTHERS = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

_SHAPE = """
    SELECT string_agg(said, ' ' ORDER BY said) FROM (
        SELECT concat_ws('/', relname, relkind, relnatts, relchecks, relhasrules, relhastriggers) AS said
        FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT concat_ws('/', attrelid::regclass, attname, atttypid, attnotnull, atthasdef)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0
        UNION ALL
        SELECT concat_ws('/', conname, contype) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT concat_ws('/', proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL
        SELECT concat_ws('/', nspname) FROM pg_namespace WHERE nspname NOT LIKE 'pg_%'
    ) AS parts
"""

USES = 100
"""A copy is made anew after so many tests: rows that were deleted still take up room."""


class Copy:
    """One copy of a template, to be used again and again. `url` is its URL."""

    def __init__(self, server: Server, name: str, template: str) -> None:
        self._server, self._name, self._uses = server, name, 0
        self.url = server.create(name, template, "STRATEGY FILE_COPY")
        self._connection = server.connected(name)
        self._connection.execute(_KEEP)
        self._shape = self._shape_now()

    def put_back(self) -> bool:
        """Put back what was in the template; False where that cannot be done."""
        self._uses += 1
        try:
            self._connection.execute(_OTHERS)
            if self._uses >= USES or self._shape_now() != self._shape:
                return False
            self._connection.execute(_PUT_BACK)
        except psycopg.Error:
            return False
        return True

    def drop(self) -> None:
        self._connection.close()
        self._server.drop(self._name)

    def _shape_now(self) -> object:
        return self._connection.execute(_SHAPE).fetchone()
