{#- Fails for each row for which the condition is false. A condition that is null (one side is empty) does not fail. -#}
{% test is_true(model, condition) %}
select *
from {{ model }}
where not ({{ condition }})
{% endtest %}
