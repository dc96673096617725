core.register_service("app", "http", function(applet)
  local body = applet:receive()
  local sum = 0
  for i = 1, #body do sum = (sum * 31 + body:byte(i)) % 4294967296 end
  local answer = string.format("lua %s %s %d %d\n", applet.method, applet.path, #body, sum)
  applet:set_status(200)
  applet:add_header("content-length", string.len(answer))
  applet:add_header("content-type", "text/plain")
  applet:start_response()
  applet:send(answer)
end)
