<?php
$searchFields['DW_Commissions'] = array(
    'name' => array('query_type' => 'default'),
    'agent_name' => array('query_type' => 'default'),
    'deal_reference' => array('query_type' => 'default'),
    'commission_status' => array('query_type' => 'default'),
    'agent_role' => array('query_type' => 'default'),
    'external_id' => array('query_type' => 'default'),
);
