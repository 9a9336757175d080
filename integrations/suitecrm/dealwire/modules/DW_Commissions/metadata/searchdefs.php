<?php
$searchdefs['DW_Commissions'] = array(
    'templateMeta' => array(
        'maxColumns' => '3',
        'maxColumnsBasic' => '4',
        'widths' => array('label' => '10', 'field' => '30'),
    ),
    'layout' => array(
        'basic_search' => array('name', 'agent_name', 'deal_reference'),
        'advanced_search' => array('name', 'agent_name', 'deal_reference', 'commission_status', 'agent_role', 'external_id'),
    ),
);
