--- Mails as text (RFC 5322, with MIME: RFC 2045 to 2047).
-- @module loom.agent.mime

local base64 = require "loom.agent.base64"
local core = require "loom.core"

local mime = {}

local LINE_MAX = 76 -- characters of a line of quoted-printable: RFC 2045, 6.7
local WORD_BYTES = 39 -- of an encoded word: 64 characters, so that a line has 76 with the header's name (RFC 2047, 2)

local function octet(byte)
  return ("=%02X"):format(byte:byte())
end

-- A line of text in lines of at most 76 characters, none of which ends with a blank or within an escape.
local function quoted_line(line)
  local coded = line:gsub("[^\t !-<>-~]", octet):gsub("[\t ]$", octet)
  local parts = {}
  while #coded > LINE_MAX do
    local length = LINE_MAX - 1
    local escape = coded:sub(length - 1, length):find("=", 1, true) -- one that would be broken
    length = escape and length - 3 + escape or length
    parts[#parts + 1] = coded:sub(1, length) .. "=\n" -- whose CR comes with all others
    coded = coded:sub(length + 1)
  end
  return table.concat(parts) .. coded
end

--- Text as quoted-printable, whose lines end with CR LF.
function mime.quoted_printable(text)
  return (core.utf8(text):gsub("\r\n", "\n"):gsub("\r", "\n"):gsub("[^\n]+", quoted_line):gsub("\n", "\r\n"))
end

-- Pieces of at most so many bytes, none of which breaks a character.
local function pieces(text, limit)
  local list, at = {}, 1
  while at <= #text do
    local last = math.min(at + limit - 1, #text)
    while last < #text and text:byte(last + 1) >= 128 and text:byte(last + 1) < 192 do
      last = last - 1
    end
    list[#list + 1] = text:sub(at, last)
    at = last + 1
  end
  return list
end

--- A header's text: as it is where it is ASCII and short, and encoded words otherwise, each on a line.
function mime.header_text(text)
  text = core.utf8((text:gsub("%c+", " ")))
  if not text:find "[^ -~]" and #text <= LINE_MAX and not text:find("=?", 1, true) then
    return text
  end
  local words = pieces(text, WORD_BYTES)
  for i, piece in ipairs(words) do
    words[i] = "=?UTF-8?B?" .. base64.encode(piece) .. "?="
  end
  return table.concat(words, "\r\n ")
end

local DAYS = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" }
local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

--- An instant in microseconds as the header Date has it, in UTC.
function mime.date(instant)
  local text = core.format_timestamp(instant)
  local year, month, day, clock = text:match "^(%d+)-(%d+)-(%d+) (%d+:%d+:%d+)"
  local weekday = (core.parse_date(text:sub(1, 10)) + 3) % 7 + 1 -- 1970-01-01 was a Thursday
  return ("%s, %d %s %s %s +0000"):format(DAYS[weekday], tonumber(day), MONTHS[tonumber(month)], year, clock)
end

local function part(kind, text)
  return ("Content-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n%s\r\n"):format(kind,
    mime.quoted_printable(text))
end

--- A mail of text and the same as HTML.
-- @tparam {{string,string},...} headers names and values, whose texts are lines already
-- @tparam string boundary that is in neither text
-- @tparam string text
-- @tparam string html
function mime.mail(headers, boundary, text, html)
  local lines = {}
  for i, header in ipairs(headers) do
    lines[i] = header[1] .. ": " .. header[2]
  end
  lines[#lines + 1] = "MIME-Version: 1.0"
  lines[#lines + 1] = ('Content-Type: multipart/alternative;\r\n boundary="%s"'):format(boundary)
  return table.concat(lines, "\r\n") .. "\r\n\r\n--" .. boundary .. "\r\n" .. part("text/plain", text) .. "--" .. boundary
    .. "\r\n" .. part("text/html", html) .. "--" .. boundary .. "--\r\n"
end

return mime
