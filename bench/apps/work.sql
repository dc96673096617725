create table t(a integer, b text, c real);
with recursive n(i) as (select 1 union all select i+1 from n where i<450000) insert into t select i, 'row '||(i*7919%10007), i*0.5 from n;
create index tb on t(b);
select count(*), sum(a), avg(c) from t where b like '%99%';
select b, count(*) from t group by b order by 2 desc, 1 limit 5;
select sum(x.a*y.a) from t x join t y on x.b=y.b where x.a<9000;
