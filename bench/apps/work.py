def fib(n): return n if n<2 else fib(n-1)+fib(n-2)
class P:
    def __init__(self,x): self.x=x
    def m(self,k): return self.x*k
for round in range(10):
    d={}
    for i in range(120000): d[str(i*7919%10007)]=d.get(str(i%777),0)+i
    l=sorted(d.items(),key=lambda kv:(kv[1],kv[0]))
    o=[P(i) for i in range(1000)]
    s=0
    for k in range(100):
        for p in o: s+=p.m(k)
    t=" ".join("%d-%s"%(i,i*i) for i in range(60000))
    w={}
    for x in t.split(): w[x[-2:]]=w.get(x[-2:],0)+1
    print(fib(22),len(l),s,len(w))
