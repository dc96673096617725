sub fib{my $n=shift; $n<2?$n:fib($n-1)+fib($n-2)}
for my $round (1..6) {
my %h; for my $i (1..150000){ $h{($i*7919)%10007}.=chr(65+$i%26); }
my $s=0; for my $k (sort {$a<=>$b} keys %h){ $s+=length($h{$k})*$k; }
my $t=join(" ",map {"k$_=".($_*$_)} 1..60000); my $n=0; while($t=~/(\w+)=(\d+)/g){ $n+=$2%7; } (my $u=$t)=~s/(\d)(\d)/$2$1/g;
print "$s $n ".length($u)." ".fib(20)."\n";
}
