
require "sinatra/base"
require "json"
class App < Sinatra::Base
  set :environment, :production
  set :protection, false
  get("/") { erb "<% 3.times do |i| %><li><%= i %></li><% end %>\n" }
  get("/json") { content_type :json; JSON.generate(q: params, f: 0.1 + 0.2) }
  post("/echo") { content_type request.content_type; request.body.read }
  get("/big") { content_type "application/octet-stream"; stream { |out| 20.times { out << (0..255).to_a.pack("C*") * 200 } } }
  get("/err") { raise "on purpose" }
end
run App
