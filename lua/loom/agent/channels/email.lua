--- Mail over SMTP, with TLS unless it is to the loopback: text and HTML, one thread to an alert.
-- @module loom.agent.channels.email

local core = require "loom.core"
local mime = require "loom.agent.mime"
local verdict = require "loom.agent.verdict"
local wording = require "loom.agent.wording"

local email = { kind = "email", secrets = { "password" }, required = { "url", "from", "to" },
  optional = { "username", "password", "ca_file", "plain" }, judge = verdict.mail }

local SUBJECT_MAX = 300 -- bytes
local COLOURS = { critical = "#b3261e", error = "#c4501b", warning = "#8a6100", info = "#1f5fa8" }

local function escaped(text)
  return (core.utf8(text):gsub('[&<>"]', { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end

-- What all mails of one alert refer to: a message that none of them is, so that none has to be the first. Alerts that are told
-- together are one of their group.
local function thread(message)
  local first = message.events[1]
  local of = message.total == 1 and first.alert or message.group or message.id
  return (core.sha256(of):sub(1, 16):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function html(message)
  local rows = {}
  for i, line in ipairs(wording.lines(message)) do
    local event = message.events[i]
    rows[i] = ('<tr><td style="padding:4px 8px;border-left:4px solid %s">%s</td></tr>'):format(
      event and COLOURS[event.severity] or "#777777", escaped(line))
  end
  local link = message.link and ('<p><a href="%s">Loom</a></p>'):format(escaped(message.link)) or ""
  return ('<!DOCTYPE html>\n<html><body style="font-family:sans-serif"><h3>%s</h3>\n<table>\n%s\n</table>\n%s</body></html>\n')
    :format(escaped(wording.title(message)), table.concat(rows, "\n"), link)
end

local function text_of(message)
  local lines = wording.lines(message)
  for _, event in ipairs(message.events) do
    lines[#lines + 1] = message.total == 1 and event.runbook and "\nRunbook: " .. event.runbook or nil
  end
  lines[#lines + 1] = message.link and "\n" .. message.link
  return table.concat(lines, "\n") .. "\n"
end

local function bracketed(address)
  return "<" .. address:gsub("[<>%s]", "") .. ">"
end

--- A message as the text of a mail.
function email.mail(message, channel, now)
  local domain = channel.from:match "@([%w.-]+)>?$" or "localhost"
  local to = {}
  for i, address in ipairs(channel.to) do
    to[i] = bracketed(address)
  end
  local root = ("<%s@%s>"):format(thread(message), domain)
  return mime.mail({
    { "From", "Loom " .. bracketed(channel.from) },
    { "To", table.concat(to, ",\r\n ") },
    { "Subject", mime.header_text(wording.line(wording.title(message), SUBJECT_MAX)) },
    { "Date", mime.date(now) },
    { "Message-ID", ("<%s@%s>"):format(message.id, domain) },
    { "In-Reply-To", root },
    { "References", root },
    { "Auto-Submitted", "auto-generated" },
  }, "=_" .. message.id, text_of(message), html(message))
end

--- A message as requests.
function email.requests(message, channel, now)
  local recipients = {}
  for i, address in ipairs(channel.to) do
    recipients[i] = bracketed(address)
  end
  return { { url = channel.url, from = bracketed(channel.from), recipients = recipients, body = email.mail(message, channel, now),
    username = channel.username, password = channel.password, ca_file = channel.ca_file, plain = channel.plain or nil } }
end

return email
