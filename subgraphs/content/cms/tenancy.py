"""Row-level security on tables that Django makes.

Django and Wagtail know no tenants. So each of their tables gets a column `tenant_id` that the database fills in from
the transaction's setting, and the policy that all contexts have; Django never names that column. What was unique for
everybody (a path, a tag's slug, a language) becomes unique in the tenant, and a foreign key between two such tables is
checked with the tenant, too: PostgreSQL checks references without policies.

`statements` is run by the owner after every migration and does what is not done yet, so that a table which a newer
Wagtail brings is not left open.
"""

from typing import Final

from resolvers.migrations import TENANT_EXPRESSION

__all__ = ["SHARED", "statements"]

SHARED: Final = {
    "auth_permission": "names of rights, the same for everybody",
    "django_content_type": "names of models, the same for everybody",
}
"""Tables without a tenant, and why; the application can read them and no more."""

HIDDEN: Final = ("django_migrations",)
"""Tables that the application has no access to."""

_KIT: Final = ("alembic_version", "answers", "outbox", "inbox", "parked_events")

_EMPTY: Final = """
do $body$
declare names text;
begin
    -- What Django's migrations wrote for a site of everybody; only in a schema that has no tenants yet.
    if not exists (select from information_schema.columns where table_schema = 'content'
                   and table_name = 'wagtailcore_page' and column_name = 'tenant_id') then
        select string_agg(format('content.%I', c.relname), ', ') into names from pg_class c
        where c.relnamespace = 'content'::regnamespace and c.relkind = 'r' and c.relname <> all ({left});
        execute 'truncate ' || names;
    end if;
end $body$
"""

_SCOPE: Final = """
do $body$
declare t record;
begin
    for t in
        select c.oid, c.relname from pg_class c
        where c.relnamespace = 'content'::regnamespace and c.relkind = 'r' and c.relname <> all ({left})
        and not exists (select from pg_policy p where p.polrelid = c.oid)
    loop
        execute format('alter table content.%I add column tenant_id uuid not null default {tenant}', t.relname);
        execute format('alter table content.%I enable row level security', t.relname);
        execute format('alter table content.%I force row level security', t.relname);
        execute format('create policy tenant on content.%I using (tenant_id = {tenant})'
                       ' with check (tenant_id = {tenant})', t.relname);
        execute format('create index on content.%I (tenant_id)', t.relname);
    end loop;
end $body$
"""

# A unique constraint or index that names no row of a tenant's own (a foreign key, an object of a content type) would
# tell whether another tenant has that value, and refuse it.
_UNIQUE: Final = """
do $body$
declare u record;
begin
    for u in
        select c.relname as t, i.indexrelid, n.relname as name, k.conname,
               (select string_agg(quote_ident(a.attname), ', ' order by x.ord)
                from unnest(i.indkey) with ordinality x(num, ord)
                join pg_attribute a on a.attrelid = i.indrelid and a.attnum = x.num) as columns,
               pg_get_expr(i.indpred, i.indrelid) as condition
        from pg_index i join pg_class c on c.oid = i.indrelid join pg_class n on n.oid = i.indexrelid
        left join pg_constraint k on k.conindid = i.indexrelid and k.contype = 'u'
        where c.relnamespace = 'content'::regnamespace and i.indisunique and not i.indisprimary
        and c.relname <> all ({left}) and i.indexprs is null
        and not exists (
            select from unnest(i.indkey) x(num) join pg_attribute a on a.attrelid = i.indrelid and a.attnum = x.num
            where a.attname in ('tenant_id', 'object_id') or exists (
                select from pg_constraint f join pg_class r on r.oid = f.confrelid
                where f.contype = 'f' and f.conrelid = i.indrelid and a.attnum = any (f.conkey)
                and r.relname <> all ({left})))
    loop
        if u.conname is not null then
            execute format('alter table content.%I drop constraint %I', u.t, u.conname);
        else
            execute format('drop index content.%I', u.name);
        end if;
        execute format('create unique index %I on content.%I (tenant_id, %s)', u.name, u.t, u.columns)
            || coalesce(' where ' || u.condition, '');
    end loop;
end $body$
"""

_REFERENCES: Final = """
do $body$
declare f record; target text; name text;
begin
    for f in
        select c.conrelid, c.confrelid, t.relname as t, r.relname as r, a.attname as col, b.attname as key
        from pg_constraint c join pg_class t on t.oid = c.conrelid join pg_class r on r.oid = c.confrelid
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        join pg_attribute b on b.attrelid = c.confrelid and b.attnum = c.confkey[1]
        where c.contype = 'f' and t.relnamespace = 'content'::regnamespace and cardinality(c.conkey) = 1
        and t.relname <> all ({left}) and r.relname <> all ({left})
    loop
        target := 'tenant_' || substr(md5(f.r || '.' || f.key), 1, 20);
        if to_regclass('content.' || target) is null then
            execute format('alter table content.%I add constraint %I unique (tenant_id, %I)', f.r, target, f.key);
        end if;
        name := 'tenant_' || substr(md5(f.t || '.' || f.col || '>' || f.r), 1, 20);
        if not exists (select from pg_constraint where conrelid = f.conrelid and conname = name) then
            execute format('alter table content.%I add constraint %I foreign key (tenant_id, %I)'
                           ' references content.%I (tenant_id, %I) deferrable initially deferred',
                           f.t, name, f.col, f.r, f.key);
        end if;
    end loop;
end $body$
"""

# Asked by the timer, for all tenants: who has something to publish or to take back, and nothing of what it is.
_DUE: Final = (
    """create or replace function content.tenants_due() returns table (tenant_id uuid)
    language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
        select r.tenant_id from content.wagtailcore_revision r where r.approved_go_live_at < now()
        union
        select p.tenant_id from content.wagtailcore_page p where p.live and p.expire_at < now()
    $body$""",
    "revoke all on function content.tenants_due() from public",
    "grant execute on function content.tenants_due() to content_app",
)


def statements() -> list[str]:
    """What makes every table of the schema one tenant's, in order; those that hold already change nothing."""
    # Quotes are doubled inside of a text that is itself executed.
    tenant = TENANT_EXPRESSION.replace("'", "''")
    left = "array[" + ", ".join(f"'{name}'" for name in (*SHARED, *HIDDEN, *_KIT)) + "]"
    shared = ", ".join(f"content.{name}" for name in SHARED)
    hidden = ", ".join(f"content.{name}" for name in HIDDEN)
    return [
        *(each.replace("{left}", left).replace("{tenant}", tenant) for each in (_EMPTY, _SCOPE, _UNIQUE, _REFERENCES)),
        f"revoke insert, update, delete on {shared} from content_app",
        f"revoke all on {hidden} from content_app",
        *_DUE,
    ]
