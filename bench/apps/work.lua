for round=1,6 do
local t={} for i=1,200000 do t[i]=(i*7919)%100003 end table.sort(t)
local s=0 for i=1,#t do s=s+t[i]*i%7 end
local p={} for i=1,40000 do p[#p+1]=string.format("%d:%s",i,tostring(i*i)) end
local str=table.concat(p,",") local n=0 for k,v in string.gmatch(str,"(%d+):(%d+)") do n=n+#k+#v end
local function fib(n) if n<2 then return n end return fib(n-1)+fib(n-2) end
print(s,n,fib(27))
end
