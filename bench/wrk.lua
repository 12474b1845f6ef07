-- Sends the requests of a file, each with its length in a line before it; prints what came back as JSON.

local threads = 0

function setup(thread)
  thread:set("first", threads)
  threads = threads + 1
end

function init(arguments)
  requests, at = {}, first * 4999 -- the threads begin in different places
  local file = assert(io.open(arguments[1], "rb"))
  for length in file:lines() do
    requests[#requests + 1] = file:read(tonumber(length))
  end
  file:close()
end

function request()
  at = at + 1
  return requests[(at - 1) % #requests + 1]
end

function done(summary, latency)
  local e = summary.errors
  print(string.format('{"answers":%d,"errors":%d,"broken":%d,"seconds":%f,"p50_ms":%f,"p99_ms":%f}',
    summary.requests, e.status, e.connect + e.read + e.write + e.timeout, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
