<?php
$viewdefs['DW_Commissions']['DetailView'] = array(
    'templateMeta' => array(
        'form' => array('buttons' => array('EDIT', 'DELETE')),
        'maxColumns' => '2',
        'widths' => array(array('label' => '10', 'field' => '30'), array('label' => '10', 'field' => '30')),
    ),
    'panels' => array(
        'default' => array(
            array('name', 'commission_status'),
            array('dw_commissions_opportunities_name', 'dw_commissions_contacts_name'),
            array('agent_name', 'agent_role'),
            array('side', 'split_percent'),
            array('gci', 'company_dollar'),
            array('fees', 'net'),
            array('amount', 'currency'),
            array('close_date', 'deal_reference'),
            array('plan', 'calculation_number'),
            array('external_id', 'agent_key'),
            array('assigned_user_name', 'date_modified'),
            array('description'),
        ),
    ),
);
