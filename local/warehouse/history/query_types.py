"""QUERY_TYPE of a parsed statement, in Snowflake's words, and whether a warehouse works for it."""

from sqlglot import exp

from local.warehouse.command_text import Words

UNKNOWN = "UNKNOWN"
CTAS = "CREATE_TABLE_AS_SELECT"
# The client asked what columns a query would have.
DESCRIBE_QUERY = "DESCRIBE_QUERY"
MULTI_STATEMENT = "MULTI_STATEMENT"

_WORKING = {"INSERT", "UPDATE", "DELETE", "MERGE", "MULTI_TABLE_INSERT", "COPY", "UNLOAD", CTAS}

# They touch tables too, though no warehouse works for them.
TOUCHING = {"TRUNCATE_TABLE", "CREATE_TABLE"}

_TYPES: dict[type[exp.Expr], str] = {
    exp.Insert: "INSERT",
    exp.MultitableInserts: "MULTI_TABLE_INSERT",
    exp.Update: "UPDATE",
    exp.Delete: "DELETE",
    exp.Merge: "MERGE",
    exp.TruncateTable: "TRUNCATE_TABLE",
    exp.Drop: "DROP",
    exp.Undrop: "RESTORE",
    exp.Comment: "COMMENT",
    exp.Use: "USE",
    exp.Show: "SHOW",
    exp.Describe: "DESCRIBE",
    exp.Grant: "GRANT",
    exp.Revoke: "REVOKE",
    exp.Set: "SET",
    exp.Alias: "UNSET",
    exp.Put: "PUT_FILES",
    exp.Get: "GET_FILES",
    exp.ListStage: "LIST_FILES",
    exp.Transaction: "BEGIN_TRANSACTION",
    exp.Commit: "COMMIT",
    exp.Rollback: "ROLLBACK",
}
_CREATED = {"TABLE": "CREATE_TABLE", "VIEW": "CREATE_VIEW", "SEQUENCE": "CREATE_SEQUENCE"}
_ALTERED: dict[type[exp.Expr], str] = {
    exp.AlterRename: "RENAME_TABLE",
    exp.ColumnDef: "ALTER_TABLE_ADD_COLUMN",
    exp.Drop: "ALTER_TABLE_DROP_COLUMN",
    exp.AlterColumn: "ALTER_TABLE_MODIFY_COLUMN",
    exp.RenameColumn: "ALTER_TABLE_MODIFY_COLUMN",
}
_COMMANDS = {"REMOVE": "REMOVE_FILES", "RM": "REMOVE_FILES"}


def query_type(statement: exp.Expr) -> str:
    """Of a statement as parsed, before it is rewritten."""
    if isinstance(statement, exp.Query | exp.Values):
        return "SELECT"
    if isinstance(statement, exp.Copy):
        return "COPY" if statement.args.get("kind") else "UNLOAD"
    if isinstance(statement, exp.Create):
        kind = str(statement.args.get("kind") or "").upper()
        return CTAS if kind == "TABLE" and statement.expression else _CREATED.get(kind, "CREATE")
    if isinstance(statement, exp.Alter):
        if str(statement.args.get("kind") or "").upper() == "SESSION":
            return "ALTER_SESSION"
        return next((_ALTERED[type(action)] for action in statement.actions if type(action) in _ALTERED), "ALTER")
    if isinstance(statement, exp.Command):
        return _command_type(statement)
    return _TYPES.get(type(statement), UNKNOWN)


def _command_type(command: exp.Command) -> str:
    """What sqlglot leaves unparsed, by its words."""
    words = Words(command).statement.upper().split()
    if words[:2] == ["ALTER", "WAREHOUSE"]:
        state = next((word for word in ("SUSPEND", "RESUME") if word in words[3:5]), None)
        return f"ALTER_WAREHOUSE_{state}" if state else "ALTER"
    if words[0] in {"CREATE", "ALTER", "DROP"} and (kind := next((w for w in words[1:4] if w in {"USER", "ROLE"}), "")):
        return f"{words[0]}_{kind}"
    return _COMMANDS.get(words[0], words[0])


def uses_warehouse(kind: str, statement: exp.Expr) -> bool:
    """Queries that read something, DML, CTAS and COPY do; the rest is answered by Snowflake's cloud services."""
    return kind in _WORKING or (kind == "SELECT" and statement.find(exp.From) is not None)
