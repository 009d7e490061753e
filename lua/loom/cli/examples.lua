--- What the help of each command ends with: a command line that is one. A spec reads each of them.
-- @module loom.cli.examples

return {
  ["attributes"] = "loom attributes set stores.db 'shop 1' region=north",
  ["audit"] = "loom audit stores.db --store 'shop 1' --limit 20",
  ["backup"] = "loom backup stores.db stores-monday.db",
  ["check"] = "loom check stores.db",
  ["completion"] = "loom completion bash",
  ["delete"] = "loom delete stores.db polls --store 'shop 1' --from '2024-03-01 00:00' --to '2024-03-01 23:59'",
  ["doctor"] = "loom doctor stores.db",
  ["exclude"] = "loom exclude add stores.db 'shop 1' --from '2024-03-01 02:00' --to '2024-03-01 04:00' --reason maintenance",
  ["explain"] = "loom explain stores.db 'shop 1' --window yesterday",
  ["export"] = "loom export stores.db hours -o menu_hours.csv",
  ["hours"] = "loom hours set stores.db 'shop 1' --daily 09:00-17:00 --sun closed",
  ["info"] = "loom info stores.db",
  ["ingest"] = "loom ingest stores.db store_status.csv menu_hours.csv timezones.csv",
  ["manual"] = "loom manual",
  ["outages"] = "loom outages stores.db 'shop 1' --window last-week",
  ["prune"] = "loom prune stores.db --keep 90d --dry-run",
  ["query"] = "loom query stores.db 'SELECT store_id, count(*) AS polls FROM polls GROUP BY 1'",
  ["report"] = "loom report stores.db --window last-month --preset monitoring --format html -o report.html",
  ["serve"] = "loom serve stores.db --listen 127.0.0.1:8080",
  ["special-day"] = "loom special-day set stores.db '*' 2024-12-25 closed",
  ["status"] = "loom status stores.db --state down",
  ["timeline"] = "loom timeline stores.db 'shop 1' --window yesterday",
  ["timezone"] = "loom timezone set stores.db 'shop 1' America/Chicago",
  ["token"] = "loom token read grafana",
}
