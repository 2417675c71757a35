-- Installed by `sr-batch plugin install darktable`; `sr-batch plugin uninstall` removes it.
-- A target of darktable's export module: enlarges the exported image, puts the result beside the
-- original and imports it into the collection.
local dt = require "darktable"

local TOOL = @TOOL@

local function quoted(text)
  if dt.configuration.running_os == "windows" then
    return '"' .. text .. '"'
  end
  return "'" .. (text:gsub("'", "'\\''")) .. "'"
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

local function free_name(folder, exported, scale)
  local stem, suffix = exported:match("([^/\\]+)(%.[^./\\]+)$")
  local start = folder .. "/" .. stem .. "_x" .. scale
  local path, number = start .. suffix, 1
  while exists(path) do
    path, number = start .. "_" .. number .. suffix, number + 1
  end
  return path
end

local scale = dt.new_widget("combobox") { label = "enlarge", value = 1, "2", "4" }

local function initialize(_, _, _, _, extra)
  extra.scale = scale.value
end

local function store(_, image, _, exported, number, total, _, extra)
  local made = free_name(image.path, exported, extra.scale)
  dt.print("sr-batch: " .. number .. " of " .. total)
  local command = quoted(TOOL) .. " upscale --quiet --no-record --scale " .. extra.scale
    .. " -o " .. quoted(made) .. " -- " .. quoted(exported)
  if dt.configuration.running_os == "windows" then
    command = '"' .. command .. '"'
  end
  if dt.control.execute(command) == 0 then
    dt.database.import(made)
  else
    dt.print("sr-batch: " .. made .. " was not made; run darktable -d lua in a terminal to see why")
  end
  os.remove(exported)
end

dt.register_storage("sr-batch", "enlarge (sr-batch)", store, nil, nil, initialize, scale)
