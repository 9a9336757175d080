<?php
$dictionary['Contact']['fields']['dw_commissions_contacts'] = array(
    'name' => 'dw_commissions_contacts',
    'type' => 'link',
    'relationship' => 'dw_commissions_contacts',
    'source' => 'non-db',
    'module' => 'DW_Commissions',
    'bean_name' => 'DW_Commissions',
    'side' => 'right',
    'vname' => 'LBL_DW_COMMISSIONS',
);
