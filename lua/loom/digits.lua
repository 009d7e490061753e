--- A number with all its digits, and no more of them than it takes to read it back: cjson and `tostring` cut after 14.
-- @module loom.digits

local function digits(number)
  local text
  for count = 14, 17 do -- enough for every double
    text = ("%%.%dg"):format(count):format(number)
    if tonumber(text) == number then
      break
    end
  end
  return text
end

return digits
