<?php
$dictionary['Opportunity']['fields']['dw_commissions_opportunities'] = array(
    'name' => 'dw_commissions_opportunities',
    'type' => 'link',
    'relationship' => 'dw_commissions_opportunities',
    'source' => 'non-db',
    'module' => 'DW_Commissions',
    'bean_name' => 'DW_Commissions',
    'side' => 'right',
    'vname' => 'LBL_DW_COMMISSIONS',
);
