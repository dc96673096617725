{for(i=1;i<=NF;i++){c[$i]++; l+=length($i); if($i~/^[aeiou].*[xyz]$/) m++}} END{n=asorti(c,k); for(i=1;i<=n;i++) s=(s*31+c[k[i]])%1000003; print n,l,m,s}
