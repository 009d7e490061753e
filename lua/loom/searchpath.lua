--- Where the file of a module is, as `package.searchpath` tells, which Lua 5.1 does not have.
-- @module loom.searchpath

--- Looks for the file.
-- @function searchpath
-- @tparam string name the module's
-- @tparam string path templates as in `package.path`
-- @treturn ?string the first that is there; nil: there is none
return function(name, path)
  name = name:gsub("%.", "/")
  for template in path:gmatch "[^;]+" do
    local file_name = template:gsub("%?", name)
    local file = io.open(file_name, "rb")
    if file then
      file:close()
      return file_name
    end
  end
end
