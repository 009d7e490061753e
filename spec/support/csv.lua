--- A reader of CSV (RFC 4180) that shares nothing with Loom.

local csv = {}

--- The records of a text: lists of fields.
function csv.parse(text)
  local records, record, at = {}, {}, 1
  while at <= #text do
    local field, stop
    if text:sub(at, at) == '"' then
      local from = at + 1
      repeat
        stop = assert(text:find('"', from, true), "a quote is not closed")
        from = stop + 2
      until text:sub(stop + 1, stop + 1) ~= '"'
      field = text:sub(at + 1, stop - 1):gsub('""', '"')
      at = stop + 1
    else
      stop = text:find("[,\r\n]", at) or #text + 1
      field = text:sub(at, stop - 1)
      assert(not field:find('"', 1, true), "a quote in a field without quotes")
      at = stop
    end
    record[#record + 1] = field
    local mark = text:sub(at, at)
    if mark == "\n" then
      records[#records + 1], record = record, {}
    else
      assert(mark == ",", "a field ends in " .. ("%q"):format(mark))
    end
    at = at + 1
  end
  assert(#record == 0, "the last line does not end")
  return records
end

--- The records after the first one as tables by the names in it.
function csv.rows(text)
  local records, rows = csv.parse(text), {}
  for i = 2, #records do
    rows[i - 1] = {}
    for column, name in ipairs(records[1]) do
      rows[i - 1][name] = records[i][column]
    end
  end
  return rows
end

return csv
