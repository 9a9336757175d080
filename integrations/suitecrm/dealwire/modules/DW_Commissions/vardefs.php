<?php
$dictionary['DW_Commissions'] = array(
    'table' => 'dw_commissions',
    'audited' => true,
    'duplicate_merge' => false,
    'optimistic_locking' => true,
    'fields' => array(
        'external_id' => array('name' => 'external_id', 'vname' => 'LBL_EXTERNAL_ID', 'type' => 'varchar', 'len' => 255),
        'agent_key' => array('name' => 'agent_key', 'vname' => 'LBL_AGENT_KEY', 'type' => 'varchar', 'len' => 255),
        'agent_name' => array('name' => 'agent_name', 'vname' => 'LBL_AGENT_NAME', 'type' => 'varchar', 'len' => 255),
        'agent_role' => array('name' => 'agent_role', 'vname' => 'LBL_AGENT_ROLE', 'type' => 'varchar', 'len' => 50),
        'side' => array('name' => 'side', 'vname' => 'LBL_SIDE', 'type' => 'varchar', 'len' => 20),
        'commission_status' => array('name' => 'commission_status', 'vname' => 'LBL_COMMISSION_STATUS', 'type' => 'varchar', 'len' => 30),
        'split_percent' => array('name' => 'split_percent', 'vname' => 'LBL_SPLIT_PERCENT', 'type' => 'decimal', 'len' => '9,6', 'precision' => 6),
        'amount' => array('name' => 'amount', 'vname' => 'LBL_AMOUNT', 'type' => 'decimal', 'len' => '18,2', 'precision' => 2),
        'gci' => array('name' => 'gci', 'vname' => 'LBL_GCI', 'type' => 'decimal', 'len' => '18,2', 'precision' => 2),
        'company_dollar' => array('name' => 'company_dollar', 'vname' => 'LBL_COMPANY_DOLLAR', 'type' => 'decimal', 'len' => '18,2', 'precision' => 2),
        'fees' => array('name' => 'fees', 'vname' => 'LBL_FEES', 'type' => 'decimal', 'len' => '18,2', 'precision' => 2),
        'net' => array('name' => 'net', 'vname' => 'LBL_NET', 'type' => 'decimal', 'len' => '18,2', 'precision' => 2),
        'currency' => array('name' => 'currency', 'vname' => 'LBL_DW_CURRENCY', 'type' => 'varchar', 'len' => 3),
        'plan' => array('name' => 'plan', 'vname' => 'LBL_PLAN', 'type' => 'varchar', 'len' => 255),
        'calculation_number' => array('name' => 'calculation_number', 'vname' => 'LBL_CALCULATION_NUMBER', 'type' => 'int'),
        'deal_reference' => array('name' => 'deal_reference', 'vname' => 'LBL_DEAL_REFERENCE', 'type' => 'varchar', 'len' => 255),
        'close_date' => array('name' => 'close_date', 'vname' => 'LBL_CLOSE_DATE', 'type' => 'date'),
    ),
    'indices' => array(array('name' => 'idx_dw_comm_ext', 'type' => 'index', 'fields' => array('external_id'))),
    'relationships' => array(),
);
if (!class_exists('VardefManager')) {
    require_once 'include/SugarObjects/VardefManager.php';
}
VardefManager::createVardef('DW_Commissions', 'DW_Commissions', array('basic', 'assignable', 'security_groups'));
// Dealwire writes over what people would type in a list or a detail view.
foreach ($dictionary['DW_Commissions']['fields'] as $dealwire_name => $dealwire_field) {
    $dictionary['DW_Commissions']['fields'][$dealwire_name]['inline_edit'] = false;
}
